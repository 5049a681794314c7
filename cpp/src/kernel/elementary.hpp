// Logarithm and exponential on vectors, and the compression of magnitudes built on them.
//
// Polynomials: minimax fits (iteratively reweighted least squares) of the relative error. Measured against
// float64 over all magnitudes from 1e-30 to 1e30: log1p 3e-7, log 3e-7, expm1 4e-7 relative.
#pragma once

#include "kernels.hpp"
#include "vector.hpp"

namespace {

using styleshift::Compression;
using styleshift::CompressionSettings;

constexpr float ln2 = 0.693147180559945309F;

// The logarithm is one long chain of dependent steps, so it is taken of `n` vectors at once, step by step.

// Adds to r what m + m^2 P(m) = ln(1 + m) is for m in [-1/3, 1/3].
template <int n>
STYLESHIFT_INLINE void add_log1p_reduced(const Vector* m, Vector* r) {
    Vector p[n];
    for (int i = 0; i < n; ++i) p[i] = -0.152666836977F * m[i] + 0.169905751944F;
    for (int i = 0; i < n; ++i) p[i] = p[i] * m[i] - 0.164408341050F;
    for (int i = 0; i < n; ++i) p[i] = p[i] * m[i] + 0.198181658983F;
    for (int i = 0; i < n; ++i) p[i] = p[i] * m[i] - 0.250063210726F;
    for (int i = 0; i < n; ++i) p[i] = p[i] * m[i] + 0.333367347717F;
    for (int i = 0; i < n; ++i) p[i] = p[i] * m[i] - 0.499999612570F;
    for (int i = 0; i < n; ++i) p[i] = p[i] * m[i];
    for (int i = 0; i < n; ++i) p[i] = p[i] * m[i] + m[i];
    for (int i = 0; i < n; ++i) r[i] = r[i] + p[i];
}

// ln(1 + a) for a >= 0. With 1 + a in 2^e [2/3, 4/3), ln(1 + a) = e ln 2 + ln(1 + m), and m = a 2^-e + (2^-e - 1)
// is nearly exact, which keeps the relative accuracy for tiny a. NaN and infinity become NaN.
template <int n>
STYLESHIFT_INLINE void log1p_vectors(Vector* a) {
    Vector m[n], r[n];
    for (int i = 0; i < n; ++i) {
        const IntVector e = (as_int(a[i] + 1.0F) - 0x3f2aaaab) & (std::int32_t)0xff800000;
        const Vector scale = as_float(0x3f800000 - e);
        // For a below 2^e * 2^-126 there is no such e > 0, so multiplying is safe.
        m[i] = a[i] * scale + (scale - 1.0F);
        r[i] = to_float(e) * (ln2 / 8388608.0F);
    }
    add_log1p_reduced<n>(m, r);
    for (int i = 0; i < n; ++i) a[i] = r[i];
}

// ln(a) for normal a > 0.
template <int n>
STYLESHIFT_INLINE void log_vectors(Vector* a) {
    Vector m[n], r[n];
    for (int i = 0; i < n; ++i) {
        const IntVector e = (as_int(a[i]) - 0x3f2aaaab) & (std::int32_t)0xff800000;
        m[i] = as_float(as_int(a[i]) - e) - 1.0F;
        r[i] = to_float(e) * (ln2 / 8388608.0F) + a[i] * 0.0F;
    }
    add_log1p_reduced<n>(m, r);
    for (int i = 0; i < n; ++i) a[i] = r[i];
}

struct ExpParts {
    Vector scale, rest;  // e^y = scale * (1 + rest)
};

STYLESHIFT_INLINE ExpParts exp_parts(Vector y) {
    y = minimum(maximum(y, -87.0F), 88.0F);
    constexpr float shifter = 12582912.0F;  // 1.5 * 2^23: adding it rounds to a whole number
    const Vector shifted = y * 1.44269504088896341F + shifter;
    const Vector n = shifted - shifter;
    Vector r = y - n * 0.693359375F;  // ln 2 in two parts (Cody and Waite)
    r = r - n * -2.12194440e-4F;
    Vector p = 0.00138825190F * r + 0.00836651959F;
    p = p * r + 0.0416672006F;
    p = p * r + 0.166665435F;
    p = p * r + 0.499999970F;
    const Vector rest = (p * r) * r + r;
    const IntVector exponent = as_int(shifted) << 23;
    return {as_float(exponent + 0x3f800000), rest};
}

template <Compression kind, int n>
STYLESHIFT_INLINE void compress_vectors(const CompressionSettings& c, Vector* values) {
    if constexpr (kind == Compression::log1p) {
        if (c.gain != 1.0F)
            for (int i = 0; i < n; ++i) values[i] *= c.gain;
        log1p_vectors<n>(values);
    }
    if constexpr (kind == Compression::log) {
        for (int i = 0; i < n; ++i) values[i] = maximum(values[i], c.floor);
        log_vectors<n>(values);
    }
}

// Runs f(tag) with the compression as a compile-time constant, so that inner loops do not branch.
template <Compression kind>
struct CompressionTag {
    static constexpr Compression value = kind;
};
template <class F>
STYLESHIFT_INLINE void with_compression(Compression kind, F&& f) {
    switch (kind) {
        case Compression::none: return f(CompressionTag<Compression::none>{});
        case Compression::log1p: return f(CompressionTag<Compression::log1p>{});
        case Compression::log: return f(CompressionTag<Compression::log>{});
    }
}

template <class F>
STYLESHIFT_INLINE void for_each_vector(const float* in, std::int64_t count, float* out, F&& f) {
    std::int64_t i = 0;
    for (; i + lanes <= count; i += lanes) store(out + i, f(load(in + i)));
    if (i < count) {
        const Vector last = f(load_some(in + i, static_cast<int>(count - i)));
        for (int j = 0; i + j < count; ++j) out[i + j] = last[j];
    }
}

void compress_array(const CompressionSettings& c, const float* in, std::int64_t count, float* out) {
    const float a = 1.0F / c.scale, b = -c.mean / c.scale;
    with_compression(c.kind, [&](auto kind) {
        for_each_vector(in, count, out, [&](Vector v) {
            if (c.power == 2) v = v * v;
            compress_vectors<decltype(kind)::value, 1>(c, &v);
            return v * a + b;
        });
    });
}

// The inverse of compress_array: a magnitude, never below zero; log's floor becomes zero's stand-in, itself.
void expand_array(const CompressionSettings& c, const float* in, std::int64_t count, float* out) {
    const float inverse_gain = 1.0F / c.gain;
    with_compression(c.kind, [&](auto kind) {
        for_each_vector(in, count, out, [&](Vector y) {
            y = y * c.scale + c.mean;
            Vector v = y;
            if constexpr (decltype(kind)::value == Compression::log1p) {
                const ExpParts e = exp_parts(maximum(y, 0.0F));
                v = (e.scale * e.rest + (e.scale - 1.0F)) * inverse_gain;
            }
            if constexpr (decltype(kind)::value == Compression::log) {
                const ExpParts e = exp_parts(y);
                v = e.scale * e.rest + e.scale;
            }
            v = maximum(v, 0.0F);
            return c.power == 2 ? square_root(v) : v;
        });
    });
}

}  // namespace
