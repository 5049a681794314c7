// Root-mean-square norm over channels, scale, SiLU: one pass forward, one back, channels innermost.
//
// With n = x / rms(x), v = n * scale, s = 1 / (1 + exp(-v)):  y = v s
//     dL/dv = dL/dy s (1 + v (1 - s)),  dL/dn = dL/dv scale,  dL/dx = (dL/dn - n mean(n dL/dn)) / rms(x)
#pragma once

#include "layers/bfloat16.hpp"
#include "layers/table.hpp"
#include "styleshift/layers.hpp"

namespace {

constexpr auto norm_epsilon = static_cast<float>(styleshift::layers::channel_norm_epsilon);

template <int step, int... I>
STYLESHIFT_INLINE Vector exchanged(Vector v, std::integer_sequence<int, I...>) {
    return __builtin_shufflevector(v, v, (I ^ step)...);
}

// In each lane the sum of its group of `size` lanes.
template <int size>
STYLESHIFT_INLINE Vector group_sums(Vector v) {
    using Index = std::make_integer_sequence<int, lanes>;
    if constexpr (size >= 2) v += exchanged<1>(v, Index{});
    if constexpr (size >= 4) v += exchanged<2>(v, Index{});
    if constexpr (size >= 8) v += exchanged<4>(v, Index{});
    if constexpr (size >= 16) v += exchanged<8>(v, Index{});
    return v;
}

// The machine's estimates have 14 bits, of which bfloat16 keeps 8; a division takes as long as a dozen multiplications.
STYLESHIFT_INLINE Vector reciprocal_root(Vector v) {
#if defined(__AVX512F__)
    return (Vector)_mm512_rsqrt14_ps((__m512)v);
#else
    return 1.0F / square_root(v);
#endif
}

// 1 / (1 + exp(-v)), with exp(y) = 2^n exp(r), |r| <= ln(2) / 2, and four terms of exp's series: 4e-5.
STYLESHIFT_INLINE Vector sigmoid(Vector v) {
    constexpr float log2_e = 1.44269504088896341F, ln_2 = 0.693147180559945309F;
    const Vector y = maximum(minimum(-v, 80.0F), -80.0F);
#if defined(__AVX512F__)
    const Vector n = (Vector)_mm512_roundscale_ps((__m512)(y * log2_e), 0);
#else
    constexpr float shifter = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number, in the lowest bits
    const Vector shifted = y * log2_e + shifter, n = shifted - shifter;
#endif
    const Vector r = y - n * ln_2;
    Vector p = 0.0416666667F * r + 0.166666667F;
    p = p * r + 0.5F;
    p = p * r + 1.0F;
    p = p * r + 1.0F;
#if defined(__AVX512F__)
    return (Vector)_mm512_rcp14_ps(_mm512_add_ps(_mm512_scalef_ps((__m512)p, (__m512)n), _mm512_set1_ps(1.0F)));
#else
    return 1.0F / (p * as_float((as_int(shifted) << 23) + 0x3f800000) + 1.0F);
#endif
}

// A pixel is `count` vectors, or a vector lanes / channels pixels.
template <int channels>
struct Pixel {
    static constexpr int count = channels > lanes ? channels / lanes : 1;
    static constexpr int group = channels > lanes ? lanes : channels;
    static constexpr int width = count * lanes;  // values taken at once

    static STYLESHIFT_INLINE Vector mean(const Vector* v) {
        Vector sum = v[0];
        for (int i = 1; i < count; ++i) sum += v[i];
        return group_sums<group>(sum) * (1.0F / channels);
    }
    static STYLESHIFT_INLINE void spread(const float* scale, Vector* v) {
        for (int i = 0; i < count; ++i)
            for (int l = 0; l < lanes; ++l) v[i][l] = scale[(i * lanes + l) % channels];
    }
};

// Calls f(position, in place?) for each `width` values; the last ones, where fewer are left, in buffers.
template <int channels>
struct NormSiLU {
    using P = Pixel<channels>;

    static STYLESHIFT_INLINE void forward_one(const std::uint16_t* in, const Vector* scale, std::uint16_t* out) {
        Vector x[P::count], square[P::count];
        for (int i = 0; i < P::count; ++i) {
            x[i] = load_bfloat16(in + i * lanes);
            square[i] = x[i] * x[i];
        }
        const Vector inverse = reciprocal_root(P::mean(square) + norm_epsilon);
        for (int i = 0; i < P::count; ++i) {
            const Vector v = x[i] * inverse * scale[i];
            store_bfloat16(out + i * lanes, v * sigmoid(v));
        }
    }

    static STYLESHIFT_INLINE void backward_one(const std::uint16_t* in, const Vector* scale,
                                               const std::uint16_t* gradient, std::uint16_t* in_gradient,
                                               Vector* scale_gradient) {
        Vector normal[P::count], inner[P::count];
        for (int i = 0; i < P::count; ++i) {
            normal[i] = load_bfloat16(in + i * lanes);
            inner[i] = normal[i] * normal[i];
        }
        const Vector inverse = reciprocal_root(P::mean(inner) + norm_epsilon);
        Vector product[P::count];
        for (int i = 0; i < P::count; ++i) {
            normal[i] *= inverse;
            const Vector v = normal[i] * scale[i], s = sigmoid(v);
            const Vector of_v = load_bfloat16(gradient + i * lanes) * (s * (1.0F + v * (1.0F - s)));
            scale_gradient[i] += of_v * normal[i];
            inner[i] = of_v * scale[i];
            product[i] = inner[i] * normal[i];
        }
        const Vector along = P::mean(product);
        for (int i = 0; i < P::count; ++i)
            store_bfloat16(in_gradient + i * lanes, (inner[i] - normal[i] * along) * inverse);
    }

    static void forward(const std::uint16_t* in, const float* scale, std::int64_t pixels, std::uint16_t* out) {
        Vector spread[P::count];
        P::spread(scale, spread);
        const std::int64_t total = pixels * channels;
        std::int64_t i = 0;
        for (; i + P::width <= total; i += P::width) forward_one(in + i, spread, out + i);
        if (i < total) {
            std::uint16_t given[P::width] = {}, made[P::width];
            for (std::int64_t j = i; j < total; ++j) given[j - i] = in[j];
            forward_one(given, spread, made);
            for (std::int64_t j = i; j < total; ++j) out[j] = made[j - i];
        }
    }

    static void backward(const std::uint16_t* in, const float* scale, const std::uint16_t* gradient,
                         std::int64_t pixels, std::uint16_t* in_gradient, float* scale_gradient) {
        Vector spread[P::count], sums[P::count] = {};
        P::spread(scale, spread);
        const std::int64_t total = pixels * channels;
        std::int64_t i = 0;
        for (; i + P::width <= total; i += P::width) backward_one(in + i, spread, gradient + i, in_gradient + i, sums);
        if (i < total) {
            std::uint16_t given[P::width] = {}, wanted[P::width] = {}, made[P::width];
            for (std::int64_t j = i; j < total; ++j) given[j - i] = in[j], wanted[j - i] = gradient[j];
            backward_one(given, spread, wanted, made, sums);
            for (std::int64_t j = i; j < total; ++j) in_gradient[j] = made[j - i];
        }
        for (int c = 0; c < channels; ++c) scale_gradient[c] = 0;
        for (int k = 0; k < P::count; ++k)
            for (int l = 0; l < lanes; ++l) scale_gradient[(k * lanes + l) % channels] += sums[k][l];
    }
};

// Calls f with the number of channels as a constant; layers.cpp has checked that there is one.
template <int channels, class F>
STYLESHIFT_INLINE void with_channels(std::int64_t wanted, F&& f) {
    if (wanted == channels)
        f(Constant<channels>{});
    else if constexpr (channels < styleshift::layers::most_norm_channels)
        with_channels<channels * 2>(wanted, f);
}

void norm_silu(const std::uint16_t* in, const float* scale, std::int64_t pixels, std::int64_t channels,
               std::uint16_t* out) {
    with_channels<styleshift::layers::least_norm_channels>(
        channels, [&](auto c) { NormSiLU<decltype(c)::number>::forward(in, scale, pixels, out); });
}

void norm_silu_backward(const std::uint16_t* in, const float* scale, const std::uint16_t* gradient, std::int64_t pixels,
                        std::int64_t channels, std::uint16_t* in_gradient, float* scale_gradient) {
    with_channels<styleshift::layers::least_norm_channels>(channels, [&](auto c) {
        NormSiLU<decltype(c)::number>::backward(in, scale, gradient, pixels, in_gradient, scale_gradient);
    });
}

}  // namespace
