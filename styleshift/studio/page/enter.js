// From the address with the token to the page, at the place that the address names.
location.replace(`/${location.hash}`);
