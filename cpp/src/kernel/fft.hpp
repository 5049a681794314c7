// Complex FFT of `lanes` frames at once: element i of the data is the pair of vectors x[2 i], x[2 i + 1].
//
// Decimation in frequency, in place, depth first: after the first pass each sub-transform is contiguous, so it
// fits the first-level cache. The output is left in digit-reversed order; every later access is by whole
// vectors, so a table of positions costs nothing and no reordering pass is needed.
#pragma once

#include "kernels.hpp"
#include "vector.hpp"

namespace {

using styleshift::kernel::FftTables;
using styleshift::kernel::max_generic;
using styleshift::kernel::Stage;
using styleshift::kernel::Tables;

struct Complex {
    Vector re, im;
};

STYLESHIFT_INLINE Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
STYLESHIFT_INLINE Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
STYLESHIFT_INLINE Complex times(Complex a, float re, float im) {
    return {a.re * re - a.im * im, a.im * re + a.re * im};
}
STYLESHIFT_INLINE Complex times_minus_i(Complex a) { return {a.im, -a.re}; }

STYLESHIFT_INLINE Complex read(const Vector* x, std::int64_t i) { return {x[2 * i], x[2 * i + 1]}; }
STYLESHIFT_INLINE void write(Vector* x, std::int64_t i, Complex c) {
    x[2 * i] = c.re;
    x[2 * i + 1] = c.im;
}

template <int radix>
STYLESHIFT_INLINE void butterfly(Complex* a);

template <>
STYLESHIFT_INLINE void butterfly<1>(Complex*) {}

template <>
STYLESHIFT_INLINE void butterfly<2>(Complex* a) {
    const Complex t = a[1];
    a[1] = a[0] - t;
    a[0] = a[0] + t;
}

template <>
STYLESHIFT_INLINE void butterfly<3>(Complex* a) {
    constexpr float half_sqrt3 = 0.866025403784438647F;
    const Complex s = a[1] + a[2];
    const Complex d = a[1] - a[2];
    const Complex mid = {a[0].re - 0.5F * s.re, a[0].im - 0.5F * s.im};
    a[0] = a[0] + s;
    a[1] = {mid.re + half_sqrt3 * d.im, mid.im - half_sqrt3 * d.re};
    a[2] = {mid.re - half_sqrt3 * d.im, mid.im + half_sqrt3 * d.re};
}

template <>
STYLESHIFT_INLINE void butterfly<4>(Complex* a) {
    const Complex s02 = a[0] + a[2], d02 = a[0] - a[2];
    const Complex s13 = a[1] + a[3], d13 = a[1] - a[3];
    a[0] = s02 + s13;
    a[2] = s02 - s13;
    a[1] = {d02.re + d13.im, d02.im - d13.re};
    a[3] = {d02.re - d13.im, d02.im + d13.re};
}

template <>
STYLESHIFT_INLINE void butterfly<5>(Complex* a) {
    constexpr float c1 = 0.309016994374947424F, c2 = -0.809016994374947424F;
    constexpr float s1 = 0.951056516295153572F, s2 = 0.587785252292473129F;
    const Complex p = a[1] + a[4], m = a[1] - a[4];
    const Complex q = a[2] + a[3], n = a[2] - a[3];
    const Complex u = {a[0].re + c1 * p.re + c2 * q.re, a[0].im + c1 * p.im + c2 * q.im};
    const Complex v = {a[0].re + c2 * p.re + c1 * q.re, a[0].im + c2 * p.im + c1 * q.im};
    const Complex w = {s1 * m.re + s2 * n.re, s1 * m.im + s2 * n.im};
    const Complex z = {s2 * m.re - s1 * n.re, s2 * m.im - s1 * n.im};
    a[0] = a[0] + p + q;
    a[1] = {u.re + w.im, u.im - w.re};
    a[4] = {u.re - w.im, u.im + w.re};
    a[2] = {v.re + z.im, v.im - z.re};
    a[3] = {v.re - z.im, v.im + z.re};
}

template <>
STYLESHIFT_INLINE void butterfly<8>(Complex* a) {
    constexpr float r = 0.707106781186547524F;
    Complex e[4] = {a[0], a[2], a[4], a[6]};
    Complex o[4] = {a[1], a[3], a[5], a[7]};
    butterfly<4>(e);
    butterfly<4>(o);
    o[1] = {r * (o[1].re + o[1].im), r * (o[1].im - o[1].re)};
    o[2] = times_minus_i(o[2]);
    o[3] = {r * (o[3].im - o[3].re), -r * (o[3].im + o[3].re)};
    for (int k = 0; k < 4; ++k) {
        a[k] = e[k] + o[k];
        a[k + 4] = e[k] - o[k];
    }
}

// Every pass leaves its result in x; the first one takes element i from source(i), which may be x itself.
template <int radix, class Source>
STYLESHIFT_INLINE void pass(Vector* x, std::int64_t m, const float* w, Source&& source) {
    for (std::int64_t j = 0; j < m; ++j, w += 2 * (radix - 1)) {
        Complex a[radix];
        for (int k = 0; k < radix; ++k) a[k] = source(j + m * k);
        butterfly<radix>(a);
        write(x, j, a[0]);
        for (int q = 1; q < radix; ++q) write(x, j + m * q, times(a[q], w[2 * q - 2], w[2 * q - 1]));
    }
}

// The last pass has blocks of one butterfly and no twiddles; `count` of them lie one after the other.
template <int radix, class Source>
STYLESHIFT_INLINE void last_pass(Vector* x, std::int64_t count, Source&& source) {
    for (std::int64_t i = 0; i < count; ++i) {
        Complex a[radix];
        for (int k = 0; k < radix; ++k) a[k] = source(i * radix + k);
        butterfly<radix>(a);
        for (int k = 0; k < radix; ++k) write(x, i * radix + k, a[k]);
    }
}

// Any radix, by the definition.
template <class Source>
inline void generic_pass(Vector* x, const Stage& s, Source&& source) {
    const int r = s.radix;
    for (std::int64_t j = 0; j < s.m; ++j) {
        Complex a[max_generic];
        for (int k = 0; k < r; ++k) a[k] = source(j + s.m * k);
        const float* w = s.twiddles + 2 * j * (r - 1);
        for (int q = 0; q < r; ++q) {
            Complex sum = a[0];
            for (int k = 1, index = q; k < r; ++k, index = (index + q) % r)
                sum = sum + times(a[k], s.roots[2 * index], s.roots[2 * index + 1]);
            if (q > 0) sum = times(sum, w[2 * q - 2], w[2 * q - 1]);
            write(x, j + s.m * q, sum);
        }
    }
}

struct InPlace {
    const Vector* x;
    STYLESHIFT_INLINE Complex operator()(std::int64_t i) const { return read(x, i); }
};

template <class Source>
inline void run_last(Vector* x, const Stage& s, std::int64_t count, Source&& source) {
    switch (s.radix) {
        case 2: return last_pass<2>(x, count, source);
        case 3: return last_pass<3>(x, count, source);
        case 4: return last_pass<4>(x, count, source);
        case 5: return last_pass<5>(x, count, source);
        case 8: return last_pass<8>(x, count, source);
        default:
            for (std::int64_t i = 0; i < count; ++i)
                generic_pass(x + 2 * s.radix * i, s, [&](std::int64_t k) { return source(s.radix * i + k); });
    }
}

template <class Source>
inline void run_stages(Vector* x, const Stage* s, int count, Source&& source) {
    if (count == 1) return run_last(x, *s, 1, source);
    switch (s->radix) {
        case 2: pass<2>(x, s->m, s->twiddles, source); break;
        case 3: pass<3>(x, s->m, s->twiddles, source); break;
        case 4: pass<4>(x, s->m, s->twiddles, source); break;
        case 5: pass<5>(x, s->m, s->twiddles, source); break;
        case 8: pass<8>(x, s->m, s->twiddles, source); break;
        default: generic_pass(x, *s, source);
    }
    if (count == 2) return run_last(x, s[1], s->radix, InPlace{x});
    for (int q = 0; q < s->radix; ++q) {
        Vector* part = x + 2 * s->m * q;
        run_stages(part, s + 1, count - 1, InPlace{part});
    }
}

inline void run_stages(Vector* x, const Stage* s, int count) {
    if (count > 0) run_stages(x, s, count, InPlace{x});
}

// Bluestein: X[k] = chirp[k] * (x chirp convolved with the conjugate chirp), the convolution by two FFTs of a
// friendly length. `x` has room for length + 2 * convolution->length elements.
inline void bluestein(const FftTables& t, Vector* x) {
    const FftTables& c = *t.convolution;
    Vector* a = x + 2 * t.length;
    Vector* b = a + 2 * c.length;
    for (std::int64_t i = 0; i < t.length; ++i)
        write(a, i, times(read(x, i), t.chirp[2 * i], t.chirp[2 * i + 1]));
    for (std::int64_t i = t.length; i < c.length; ++i) write(a, i, Complex{});
    run_stages(a, c.stages, c.stage_count);
    for (std::int64_t i = 0; i < c.length; ++i) {
        const std::int64_t p = c.position[i];
        const Complex v = times(read(a, p), t.chirp_spectrum[2 * i], t.chirp_spectrum[2 * i + 1]);
        write(b, i, Complex{v.im, v.re});  // the inverse is the forward transform with parts exchanged
    }
    run_stages(b, c.stages, c.stage_count);
    for (std::int64_t i = 0; i < t.length; ++i) {
        const Complex v = read(b, c.position[i]);
        write(x, i, times(Complex{v.im, v.re}, t.chirp[2 * i], t.chirp[2 * i + 1]));
    }
}

inline void transform(const FftTables& t, Vector* x) {
    if (t.convolution != nullptr) return bluestein(t, x);
    run_stages(x, t.stages, t.stage_count);
}

}  // namespace
