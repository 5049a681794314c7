// The passes of an instance norm and the activation after it, channels innermost; see styleshift/layers.hpp.
#pragma once

#include "layers/bfloat16.hpp"
#include "layers/table.hpp"

namespace {

// Calls f(first channel, Constant<n>) for n vectors of channels at a time: as many as are summed in registers.
template <class F>
STYLESHIFT_INLINE void for_channels(std::int64_t channels, F&& f) {
    std::int64_t c = 0;
    for (; c + 4 * lanes <= channels; c += 4 * lanes) f(c, Constant<4>{});
    for (; c < channels; c += lanes) f(c, Constant<1>{});
}

// The slope of the activation where its input is v.
STYLESHIFT_INLINE Vector slope_at(Vector v, float slope) { return v > 0.0F ? broadcast(1.0F) : broadcast(slope); }

void moments(const std::uint16_t* in, std::int64_t pixels, std::int64_t channels, float* mean, float* squares) {
    const float share = 1.0F / static_cast<float>(pixels);
    for_channels(channels, [&](std::int64_t c, auto count) STYLESHIFT_INLINE_LAMBDA {
        constexpr int n = decltype(count)::number;
        Vector sum[n] = {}, square[n] = {};
        for (std::int64_t p = 0; p < pixels; ++p)
            for (int i = 0; i < n; ++i) sum[i] += load_bfloat16(in + p * channels + c + i * lanes);
        for (int i = 0; i < n; ++i) sum[i] *= share;
        for (std::int64_t p = 0; p < pixels; ++p)
            for (int i = 0; i < n; ++i) {
                const Vector d = load_bfloat16(in + p * channels + c + i * lanes) - sum[i];
                square[i] += d * d;
            }
        for (int i = 0; i < n; ++i) {
            store(mean + c + i * lanes, sum[i]);
            store(squares + c + i * lanes, square[i]);
        }
    });
}

void affine(const std::uint16_t* in, const float* factor, const float* offset, float slope, std::int64_t pixels,
            std::int64_t channels, std::uint16_t* out) {
    for_channels(channels, [&](std::int64_t c, auto count) STYLESHIFT_INLINE_LAMBDA {
        constexpr int n = decltype(count)::number;
        Vector by[n], plus[n];
        for (int i = 0; i < n; ++i) by[i] = load(factor + c + i * lanes), plus[i] = load(offset + c + i * lanes);
        for (std::int64_t p = 0; p < pixels; ++p)
            for (int i = 0; i < n; ++i) {
                const std::int64_t at = p * channels + c + i * lanes;
                const Vector v = load_bfloat16(in + at) * by[i] + plus[i];
                store_bfloat16(out + at, v * slope_at(v, slope));
            }
    });
}

void affine_sums(const std::uint16_t* in, const float* factor, const float* offset, const float* mean, float slope,
                 const std::uint16_t* gradient, std::int64_t pixels, std::int64_t channels, float* sum,
                 float* product) {
    for_channels(channels, [&](std::int64_t c, auto count) STYLESHIFT_INLINE_LAMBDA {
        constexpr int n = decltype(count)::number;
        Vector by[n], plus[n], middle[n], sums[n] = {}, products[n] = {};
        for (int i = 0; i < n; ++i) {
            by[i] = load(factor + c + i * lanes), plus[i] = load(offset + c + i * lanes);
            middle[i] = load(mean + c + i * lanes);
        }
        for (std::int64_t p = 0; p < pixels; ++p)
            for (int i = 0; i < n; ++i) {
                const std::int64_t at = p * channels + c + i * lanes;
                const Vector x = load_bfloat16(in + at);
                const Vector g = load_bfloat16(gradient + at) * slope_at(x * by[i] + plus[i], slope);
                sums[i] += g;
                products[i] += g * (x - middle[i]);
            }
        for (int i = 0; i < n; ++i) {
            store(sum + c + i * lanes, sums[i]);
            store(product + c + i * lanes, products[i]);
        }
    });
}

void affine_backward(const std::uint16_t* in, const float* factor, const float* offset, float slope,
                     const std::uint16_t* gradient, const float* a, const float* b, std::int64_t pixels,
                     std::int64_t channels, std::uint16_t* in_gradient) {
    for_channels(channels, [&](std::int64_t c, auto count) STYLESHIFT_INLINE_LAMBDA {
        constexpr int n = decltype(count)::number;
        Vector by[n], plus[n], times[n], rest[n];
        for (int i = 0; i < n; ++i) {
            by[i] = load(factor + c + i * lanes), plus[i] = load(offset + c + i * lanes);
            times[i] = load(a + c + i * lanes), rest[i] = load(b + c + i * lanes);
        }
        for (std::int64_t p = 0; p < pixels; ++p)
            for (int i = 0; i < n; ++i) {
                const std::int64_t at = p * channels + c + i * lanes;
                const Vector x = load_bfloat16(in + at);
                const Vector g = load_bfloat16(gradient + at) * slope_at(x * by[i] + plus[i], slope);
                store_bfloat16(in_gradient + at, by[i] * g + times[i] * x + rest[i]);
            }
    });
}

}  // namespace
