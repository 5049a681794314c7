// Layers of networks that train in bfloat16 on a CPU, each in as few passes over memory as it can be.
//
// Tensors are bfloat16, as bits, [pixels, channels] with the channels innermost; sums are float32 over short stretches and
// float64 over those, always in the same order, so that any number of threads gives the same bits.
#pragma once

#include <cstdint>

namespace styleshift::layers {

using Half = std::uint16_t;

// Python has these from here, too: styleshift.frontend._native.

// The rows that norm_silu takes: a power of two of channels, from the least to the most.
constexpr std::int64_t least_norm_channels = 2, most_norm_channels = 512;
static_assert((least_norm_channels & (least_norm_channels - 1)) == 0 &&
                  (most_norm_channels & (most_norm_channels - 1)) == 0,
              "kernels are made for each power of two between them");
// What the channels of instance_norm are a multiple of.
constexpr std::int64_t instance_norm_multiple = 16;
// Added to the power of a pixel, and to the variance of a channel.
constexpr double channel_norm_epsilon = 1e-6, instance_norm_epsilon = 1e-5;

// out = silu(x / sqrt(mean(x^2) + epsilon) * scale), the mean over channels (Zhang and Sennrich 2019).
// Both ways throw std::invalid_argument where they do not take so many channels.
void norm_silu(const Half* in, const float* scale, std::int64_t pixels, std::int64_t channels, Half* out, int threads);

void norm_silu_backward(const Half* in, const float* scale, const Half* gradient, std::int64_t pixels,
                        std::int64_t channels, Half* in_gradient, float* scale_gradient, int threads);

// `batch` images of `pixels` rows each.
struct Images {
    std::int64_t batch, pixels, channels;
};

// Instance norm (Ulyanov et al. 2016), then v where v > 0 and slope * v elsewhere: 1 for no activation, 0 for
// ReLU. `mean` and `inverse`, one over the deviation, are [batch, channels], and what the way back needs.
void instance_norm(const Half* in, const float* weight, const float* bias, float slope, Images size, Half* out,
                   float* mean, float* inverse, int threads);

void instance_norm_backward(const Half* in, const float* weight, const float* bias, float slope, const float* mean,
                            const float* inverse, const Half* gradient, Images size, Half* in_gradient,
                            float* weight_gradient, float* bias_gradient, int threads);

}  // namespace styleshift::layers
