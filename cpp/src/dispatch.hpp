#pragma once

#include "kernel/kernels.hpp"

namespace styleshift {

const kernel::Kernels& active_kernels();

}  // namespace styleshift
