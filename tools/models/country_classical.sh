#!/usr/bin/env bash
# Makes the models country-to-classical and classical-to-country anew; as violin_piano.sh.
exec bash "$(dirname "$0")/make.sh" country_classical "$@"
