// Real FFT of an odd number of points, `lanes` frames at once: element n of the data is the vector x[n].
//
// Decimation in time, in place, depth first, on "half-complex" data (Sorensen et al. 1987): of a transform of n points, the
// real part of bin k lies at k and its imaginary part at n - k, k = 1 .. (n - 1) / 2. A pass makes one such transform of
// radix * m points from `radix` of m points that lie one after the other. Bins k of all of them, and bins m - k, which are
// their conjugates, make bins k + m q of the whole, and those that are conjugate to them, and these lie in the same places.
// So half the butterflies of a complex transform are all there are. Samples go in where FftTables::position says (the same
// digit reversal as that of the complex transform's output), bins come out in order.
#pragma once

#include "fft.hpp"

namespace {

// Leaves bin k, 0 < k < n / 2, of n; or, for the Hartley transform, the sum and the difference of its parts.
template <bool hartley>
STYLESHIFT_INLINE void put_bin(Vector* x, std::int64_t n, std::int64_t k, Complex z) {
    x[k] = hartley ? z.re + z.im : z.re;
    x[n - k] = hartley ? z.re - z.im : z.im;
}

// Bins 0 .. radix / 2 of real values.
template <int radix>
STYLESHIFT_INLINE void real_butterfly(const Vector* a, Complex* bins);

template <>
STYLESHIFT_INLINE void real_butterfly<3>(const Vector* a, Complex* bins) {
    const Vector s = a[1] + a[2];
    bins[0].re = a[0] + s;
    bins[1] = {a[0] - 0.5F * s, half_sqrt3 * (a[2] - a[1])};
}

template <>
STYLESHIFT_INLINE void real_butterfly<5>(const Vector* a, Complex* bins) {
    const Vector p = a[1] + a[4], m = a[4] - a[1];
    const Vector q = a[2] + a[3], n = a[3] - a[2];
    bins[0].re = a[0] + p + q;
    bins[1] = {a[0] + cos1_5 * p + cos2_5 * q, sin1_5 * m + sin2_5 * n};
    bins[2] = {a[0] + cos2_5 * p + cos1_5 * q, sin2_5 * m - sin1_5 * n};
}

template <>
STYLESHIFT_INLINE void real_butterfly<9>(const Vector* a, Complex* bins) {
    Vector first[3];
    Complex second[3];
    for (int j = 0; j < 3; ++j) {
        const Vector part[3] = {a[j], a[j + 3], a[j + 6]};
        Complex b[2];
        real_butterfly<3>(part, b);
        first[j] = b[0].re;
        second[j] = times(b[1], root9[j][0], root9[j][1]);
    }
    Complex b[2];
    real_butterfly<3>(first, b);
    butterfly<3>(second);
    bins[0].re = b[0].re;
    bins[1] = second[0];
    bins[2] = {second[2].re, -second[2].im};
    bins[3] = b[1];
    bins[4] = second[1];
}

// Bin 0 and its multiples of m: those that `radix` real values make.
template <int radix, bool hartley>
STYLESHIFT_INLINE void real_columns(Vector* x, std::int64_t m) {
    Vector a[radix];
    Complex bins[radix / 2 + 1];
    unrolled<0, radix>([&](auto j) STYLESHIFT_INLINE_LAMBDA { a[j.number] = x[m * j.number]; });
    real_butterfly<radix>(a, bins);
    x[0] = bins[0].re;
    unrolled<1, radix / 2 + 1>(
        [&](auto q) STYLESHIFT_INLINE_LAMBDA { put_bin<hartley>(x, radix * m, m * q.number, bins[q.number]); });
}

// Bins k and m - k, at `up` and `down` in the first of `radix` transforms of m points, and those they make.
template <int radix, bool hartley>
STYLESHIFT_INLINE void combine(Vector* up, Vector* down, std::int64_t m, const float* w) {
    Complex a[radix];
    unrolled<0, radix>([&](auto index) STYLESHIFT_INLINE_LAMBDA {
        constexpr int j = index.number;
        a[j] = {up[m * j], down[m * j]};
        if constexpr (j > 0) a[j] = times(a[j], w[2 * j - 2], w[2 * j - 1]);
    });
    butterfly<radix>(a);
    unrolled<0, radix>([&](auto index) STYLESHIFT_INLINE_LAMBDA {
        constexpr int q = index.number;
        // Bin k + m q, or, past the middle, the conjugate of bin n - k - m q.
        const Vector re = a[q].re, im = a[q].im;
        up[m * q] = hartley ? re + im : q <= radix / 2 ? re : -im;
        down[m * (radix - 1 - q)] = hartley ? re - im : q <= radix / 2 ? im : re;
    });
}

// One transform of radix * m points from `radix` of m points.
template <int radix, bool hartley>
STYLESHIFT_INLINE void real_pass(Vector* x, std::int64_t m, const float* twiddles) {
    real_columns<radix, hartley>(x, m);
    for (std::int64_t k = 1; k <= m / 2; ++k)
        combine<radix, hartley>(x + k, x + m - k, m, twiddles + 2 * (radix - 1) * k);
}

// Two passes at once, in registers: radix transforms of `last` samples, one after the other, and one of these.
template <int radix, int last>
STYLESHIFT_INLINE void real_leaf(Vector* x, const float* twiddles) {
    Vector y[radix * last];
    unrolled<0, radix * last>([&](auto i) STYLESHIFT_INLINE_LAMBDA { y[i.number] = x[i.number]; });
    unrolled<0, radix>([&](auto j) STYLESHIFT_INLINE_LAMBDA { real_columns<last, false>(y + last * j.number, 1); });
    real_columns<radix, false>(y, last);
    unrolled<1, last / 2 + 1>([&](auto k) STYLESHIFT_INLINE_LAMBDA {
        combine<radix, false>(y + k.number, y + last - k.number, last, twiddles + 2 * (radix - 1) * k.number);
    });
    unrolled<0, radix * last>([&](auto i) STYLESHIFT_INLINE_LAMBDA { x[i.number] = y[i.number]; });
}

// The same for any odd radix.
template <bool hartley>
inline void generic_real_pass(Vector* x, std::int64_t m, const Stage& s) {
    const std::int64_t r = s.radix, n = r * m;
    Complex a[max_generic];
    for (std::int64_t j = 0; j < r; ++j) a[j] = {x[m * j], Vector{}};
    generic_butterfly(s, a);
    x[0] = a[0].re;
    for (std::int64_t q = 1; q <= r / 2; ++q) put_bin<hartley>(x, n, m * q, a[q]);
    for (std::int64_t k = 1; k <= m / 2; ++k) {
        const float* w = s.twiddles + 2 * (r - 1) * k;
        a[0] = {x[k], x[m - k]};
        for (std::int64_t j = 1; j < r; ++j)
            a[j] = times(Complex{x[m * j + k], x[m * j + m - k]}, w[2 * j - 2], w[2 * j - 1]);
        generic_butterfly(s, a);
        for (std::int64_t q = 0; q <= r / 2; ++q) put_bin<hartley>(x, n, k + m * q, a[q]);
        for (std::int64_t q = r / 2 + 1; q < r; ++q) put_bin<hartley>(x, n, n - k - m * q, Complex{a[q].re, -a[q].im});
    }
}

// Sub-transforms of the last pass, one after the other: `count` of them.
inline void real_leaves(Vector* x, const Stage& s, std::int64_t count) {
    const auto each = [&](auto&& pass) STYLESHIFT_INLINE_LAMBDA {
        for (std::int64_t i = 0; i < count; ++i) pass(x + s.radix * i);
    };
    switch (s.radix) {
        case 3: return each([](Vector* y) STYLESHIFT_INLINE_LAMBDA { real_columns<3, false>(y, 1); });
        case 5: return each([](Vector* y) STYLESHIFT_INLINE_LAMBDA { real_columns<5, false>(y, 1); });
        case 9: return each([](Vector* y) STYLESHIFT_INLINE_LAMBDA { real_columns<9, false>(y, 1); });
        default: return each([&](Vector* y) { generic_real_pass<false>(y, 1, s); });
    }
}

// The same of the last two passes, where they are a pair that goes in registers.
inline bool real_double_leaves(Vector* x, const Stage* s, std::int64_t count) {
    const auto each = [&](auto first, auto second) STYLESHIFT_INLINE_LAMBDA {
        constexpr int r = first.number, last = second.number;
        for (std::int64_t i = 0; i < count; ++i) real_leaf<r, last>(x + r * last * i, s->twiddles);
        return true;
    };
    if (s[0].radix == 5 && s[1].radix == 5) return each(Constant<5>{}, Constant<5>{});
    if (s[0].radix == 3 && s[1].radix == 5) return each(Constant<3>{}, Constant<5>{});
    if (s[0].radix == 3 && s[1].radix == 9) return each(Constant<3>{}, Constant<9>{});
    return false;
}

template <bool hartley>
inline void run_real_stages(Vector* x, const Stage* s, int count) {
    if (count == 2)
        real_leaves(x, s[1], s->radix);
    else if (count > 2 && !(count == 3 && real_double_leaves(x, s + 1, s->radix)))
        for (int j = 0; j < s->radix; ++j) run_real_stages<false>(x + s->m * j, s + 1, count - 1);
    switch (s->radix) {
        case 3: return real_pass<3, hartley>(x, s->m, s->twiddles);
        case 5: return real_pass<5, hartley>(x, s->m, s->twiddles);
        case 9: return real_pass<9, hartley>(x, s->m, s->twiddles);
        default: return generic_real_pass<hartley>(x, s->m, *s);
    }
}

// Half-complex bins of the samples x, an odd number of them, sample n at position[n]. The Hartley transform (Bracewell
// 1983) is the same with bins' sums and differences; it is its own inverse but for the factor n, so it serves as that too.
template <bool hartley>
inline void transform_real(const FftTables& t, Vector* x) {
    if (t.convolution == nullptr) return run_real_stages<hartley>(x, t.stages, t.stage_count);
    bluestein(
        t, t.length / 2 + 1, x + t.length, [x](std::int64_t i) { return Complex{x[i], Vector{}}; },
        [x, n = t.length](std::int64_t k, Complex z) {
            if (k == 0)
                x[0] = z.re;
            else
                put_bin<hartley>(x, n, k, z);
        });
}

}  // namespace
