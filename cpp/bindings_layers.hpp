#pragma once

#include <pybind11/pybind11.h>

void bind_layers(pybind11::module_& module);
