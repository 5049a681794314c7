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

constexpr float half_sqrt3 = 0.866025403784438647F;
constexpr float cos1_5 = 0.309016994374947424F, cos2_5 = -0.809016994374947424F;  // of 2 pi q / 5
constexpr float sin1_5 = 0.951056516295153572F, sin2_5 = 0.587785252292473129F;
constexpr float root9[5][2] = {{1.0F, 0.0F},  // exp(-2 pi i q / 9)
                               {0.766044443118978035F, -0.642787609686539327F},
                               {0.173648177666930349F, -0.984807753012208059F},
                               {-0.5F, -0.866025403784438647F},
                               {-0.939692620785908384F, -0.342020143325668733F}};

template <>
STYLESHIFT_INLINE void butterfly<3>(Complex* a) {
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
    const Complex p = a[1] + a[4], m = a[1] - a[4];
    const Complex q = a[2] + a[3], n = a[2] - a[3];
    const Complex u = {a[0].re + cos1_5 * p.re + cos2_5 * q.re, a[0].im + cos1_5 * p.im + cos2_5 * q.im};
    const Complex v = {a[0].re + cos2_5 * p.re + cos1_5 * q.re, a[0].im + cos2_5 * p.im + cos1_5 * q.im};
    const Complex w = {sin1_5 * m.re + sin2_5 * n.re, sin1_5 * m.im + sin2_5 * n.im};
    const Complex z = {sin2_5 * m.re - sin1_5 * n.re, sin2_5 * m.im - sin1_5 * n.im};
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

template <>
STYLESHIFT_INLINE void butterfly<9>(Complex* a) {
    for (int j = 0; j < 3; ++j) {
        Complex part[3] = {a[j], a[j + 3], a[j + 6]};
        butterfly<3>(part);
        for (int k = 0; k < 3; ++k)
            a[j + 3 * k] = j * k == 0 ? part[k] : times(part[k], root9[j * k][0], root9[j * k][1]);
    }
    Complex out[9];
    for (int k = 0; k < 3; ++k) {
        butterfly<3>(a + 3 * k);
        for (int q = 0; q < 3; ++q) out[k + 3 * q] = a[3 * k + q];
    }
    for (int k = 0; k < 9; ++k) a[k] = out[k];
}

// Any odd radix, by the definition: values j and radix - j have conjugate factors, so their sum and difference have real ones.
inline void generic_butterfly(const Stage& s, Complex* a) {
    const int r = s.radix, half = r / 2;
    Complex sum[max_generic / 2 + 1], difference[max_generic / 2 + 1];
    Complex first = a[0];
    for (int j = 1; j <= half; ++j) {
        sum[j] = a[j] + a[r - j];
        difference[j] = a[j] - a[r - j];
        first = first + sum[j];
    }
    for (int q = 1; q <= half; ++q) {
        Complex even = a[0], odd{};
        for (int j = 1, index = q; j <= half; ++j, index = (index + q) % r) {
            const float c = s.roots[2 * index], minus_sine = s.roots[2 * index + 1];
            even = {even.re + c * sum[j].re, even.im + c * sum[j].im};
            odd = {odd.re + minus_sine * difference[j].re, odd.im + minus_sine * difference[j].im};
        }
        a[q] = {even.re - odd.im, even.im + odd.re};
        a[r - q] = {even.re + odd.im, even.im - odd.re};
    }
    a[0] = first;
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

template <class Source>
inline void generic_pass(Vector* x, const Stage& s, Source&& source) {
    const int r = s.radix;
    for (std::int64_t j = 0; j < s.m; ++j) {
        Complex a[max_generic];
        for (int k = 0; k < r; ++k) a[k] = source(j + s.m * k);
        generic_butterfly(s, a);
        const float* w = s.twiddles + 2 * j * (r - 1);
        write(x, j, a[0]);
        for (int q = 1; q < r; ++q) write(x, j + s.m * q, times(a[q], w[2 * q - 2], w[2 * q - 1]));
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
        case 9: return last_pass<9>(x, count, source);
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
        case 9: pass<9>(x, s->m, s->twiddles, source); break;
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
// friendly length. Takes element i from source(i), gives the first `count` bins to put(k, bin); `a` is scratch for
// 2 * convolution->length elements.
template <class Source, class Put>
inline void bluestein(const FftTables& t, std::int64_t count, Vector* a, Source&& source, Put&& put) {
    const FftTables& c = *t.convolution;
    Vector* b = a + 2 * c.length;
    for (std::int64_t i = 0; i < t.length; ++i) write(a, i, times(source(i), t.chirp[2 * i], t.chirp[2 * i + 1]));
    for (std::int64_t i = t.length; i < c.length; ++i) write(a, i, Complex{});
    run_stages(a, c.stages, c.stage_count);
    for (std::int64_t i = 0; i < c.length; ++i) {
        const std::int64_t p = c.position[i];
        const Complex v = times(read(a, p), t.chirp_spectrum[2 * i], t.chirp_spectrum[2 * i + 1]);
        write(b, i, Complex{v.im, v.re});  // the inverse is the forward transform with parts exchanged
    }
    run_stages(b, c.stages, c.stage_count);
    for (std::int64_t k = 0; k < count; ++k) {
        const Complex v = read(b, c.position[k]);
        put(k, times(Complex{v.im, v.re}, t.chirp[2 * k], t.chirp[2 * k + 1]));
    }
}

inline void transform(const FftTables& t, Vector* x) {
    if (t.convolution == nullptr) return run_stages(x, t.stages, t.stage_count);
    bluestein(t, t.length, x + 2 * t.length, InPlace{x}, [x](std::int64_t k, Complex bin) { write(x, k, bin); });
}

}  // namespace
