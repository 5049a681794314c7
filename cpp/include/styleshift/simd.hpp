// Which instruction set runs the kernels.
#pragma once

#include <string>
#include <vector>

namespace styleshift {

// Variants in this build that the machine can run, slowest first; "baseline" is always there.
std::vector<std::string> available_variants();
// Variants in this build.
std::vector<std::string> compiled_variants();
// The one in use: the fastest available, or what select_variant set.
std::string chosen_variant();
// Throws std::invalid_argument when this build or machine has not got it. Not to be called while others compute.
void select_variant(const std::string& name);

}  // namespace styleshift
