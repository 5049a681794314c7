// The layers compiled for one instruction set; CMakeLists.txt gives this file its flags.
#include "layers/channel_affine.hpp"
#include "layers/norm_silu.hpp"

namespace styleshift::baseline {

const layers::Table& layer_kernels() {
    static const layers::Table table = {norm_silu, norm_silu_backward, moments, affine, affine_sums, affine_backward};
    return table;
}

}  // namespace styleshift::baseline
