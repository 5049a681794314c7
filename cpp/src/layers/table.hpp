// What each instruction set provides for the layers; see styleshift/layers.hpp for what they compute.
#pragma once

#include <cstdint>

namespace styleshift::layers {

using Half = std::uint16_t;  // bfloat16, as bits

struct Table {
    // Of `pixels` rows of `channels` values.
    void (*norm_silu)(const Half* in, const float* scale, std::int64_t pixels, std::int64_t channels, Half* out);
    void (*norm_silu_backward)(const Half* in, const float* scale, const Half* gradient, std::int64_t pixels,
                               std::int64_t channels, Half* in_gradient, float* scale_gradient);
    // Mean, and sum of squared distances from it, of each channel.
    void (*moments)(const Half* in, std::int64_t pixels, std::int64_t channels, float* mean, float* squares);
    // out = activation(in * factor + offset), activation(v) = v where v > 0, slope * v elsewhere.
    void (*affine)(const Half* in, const float* factor, const float* offset, float slope, std::int64_t pixels,
                   std::int64_t channels, Half* out);
    // Sums over pixels of g and of g * (in - mean), g = gradient times the activation's slope there.
    void (*affine_sums)(const Half* in, const float* factor, const float* offset, const float* mean, float slope,
                        const Half* gradient, std::int64_t pixels, std::int64_t channels, float* sum, float* product);
    // in_gradient = factor * g + a * in + b.
    void (*affine_backward)(const Half* in, const float* factor, const float* offset, float slope, const Half* gradient,
                            const float* a, const float* b, std::int64_t pixels, std::int64_t channels,
                            Half* in_gradient);
};

}  // namespace styleshift::layers

namespace styleshift::baseline {
const layers::Table& layer_kernels();
}
#ifdef STYLESHIFT_X86_VARIANTS
namespace styleshift::avx2 {
const layers::Table& layer_kernels();
}
namespace styleshift::avx512 {
const layers::Table& layer_kernels();
}
#endif
