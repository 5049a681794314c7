// Layers of networks that train in bfloat16 on a CPU, each in as few passes over memory as it can be.
//
// Tensors are bfloat16, as bits, [pixels, channels] with the channels innermost; sums are float32 over short stretches and
// float64 over those, always in the same order, so that any number of threads gives the same bits.
#pragma once

#include <cstdint>

namespace styleshift::layers {

using Half = std::uint16_t;

// The widest rows that norm_silu takes; `channels` is a power of two from 2 on.
constexpr std::int64_t most_norm_channels = 512;
// What the channels of instance_norm are a multiple of.
constexpr std::int64_t instance_norm_multiple = 16;

// out = silu(x / sqrt(mean(x^2) + 1e-6) * scale), the mean over channels (Zhang and Sennrich 2019).
void norm_silu(const Half* in, const float* scale, std::int64_t pixels, std::int64_t channels, Half* out, int threads);

void norm_silu_backward(const Half* in, const float* scale, const Half* gradient, std::int64_t pixels,
                        std::int64_t channels, Half* in_gradient, float* scale_gradient, int threads);

// `batch` images of `pixels` rows each.
struct Images {
    std::int64_t batch, pixels, channels;
};

// Instance norm (Ulyanov et al. 2016), epsilon 1e-5, then v where v > 0 and slope * v elsewhere: 1 for no activation, 0 for
// ReLU. `mean` and `inverse`, one over the deviation, are [batch, channels], and what the way back needs.
void instance_norm(const Half* in, const float* weight, const float* bias, float slope, Images size, Half* out,
                   float* mean, float* inverse, int threads);

void instance_norm_backward(const Half* in, const float* weight, const float* bias, float slope, const float* mean,
                            const float* inverse, const Half* gradient, Images size, Half* in_gradient,
                            float* weight_gradient, float* bias_gradient, int threads);

}  // namespace styleshift::layers
