// The kernels compiled for one instruction set; CMakeLists.txt gives this file its flags.
#include "four_step.hpp"
#include "frames_inverse.hpp"
#include "mix.hpp"

namespace styleshift::avx512 {

const kernel::Kernels& kernels() {
    static const kernel::Kernels table = {
        "avx512",          lanes,          forward_block,  store_complex_block, store_float_block,
        store_half_block,  frame_complex,  frame_float,    frame_half,          frame_inverse,
        copy_rows_block,   end_stream,     inverse_block,  overlap_add_block,   realign_blocks,
        griffin_lim_block, load_row_block, compress_array, expand_array,        mix_frames,
    };
    return table;
}

}  // namespace styleshift::avx512
