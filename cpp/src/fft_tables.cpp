#include "fft_tables.hpp"

#include <cmath>
#include <complex>
#include <cstddef>
#include <numbers>

namespace styleshift {
namespace {

// exp(-2 pi i numerator / denominator), the angle reduced exactly before it is rounded.
std::complex<double> root(std::int64_t numerator, std::int64_t denominator) {
    const double angle =
        -2.0 * std::numbers::pi * static_cast<double>(numerator % denominator) / static_cast<double>(denominator);
    return {std::cos(angle), std::sin(angle)};
}

void append(std::vector<float>& v, std::complex<double> z) {
    v.push_back(static_cast<float>(z.real()));
    v.push_back(static_cast<float>(z.imag()));
}

// Radices in the order of the passes, or nothing when a prime factor is too large for them.
std::vector<int> radices_of(std::int64_t n) {
    std::vector<int> radices;
    int twos = 0, threes = 0, fives = 0;
    while (n % 2 == 0) n /= 2, ++twos;
    while (n % 3 == 0) n /= 3, ++threes;
    while (n % 5 == 0) n /= 5, ++fives;
    for (std::int64_t p = 7; n > 1; p += 2) {
        if (p > kernel::max_generic) return {};
        for (; n % p == 0; n /= p) radices.insert(radices.begin(), static_cast<int>(p));
    }
    // Threes by two. Of an odd length the last two passes go in registers, where they are one of these pairs (real_fft.hpp).
    std::vector<int> last;
    if (fives >= 2)
        last = {5, 5}, fives -= 2;
    else if (fives == 1 && threes % 2 == 1)
        last = {3, 5}, --fives, --threes;
    else if (threes % 2 == 1 && threes > 1)
        last = {3, 9}, threes -= 3;
    radices.insert(radices.end(), static_cast<std::size_t>(fives), 5);
    radices.insert(radices.end(), static_cast<std::size_t>(threes % 2), 3);
    radices.insert(radices.end(), static_cast<std::size_t>(threes / 2), 9);
    radices.insert(radices.end(), last.begin(), last.end());
    // 8 does the most work a load; 4 * 4 is better than 8 * 2.
    if (twos % 3 == 1 && twos >= 4) {
        for (int i = 0; i < (twos - 4) / 3; ++i) radices.push_back(8);
        radices.push_back(4);
        radices.push_back(4);
    } else {
        for (int i = 0; i < twos / 3; ++i) radices.push_back(8);
        if (twos % 3 != 0) radices.push_back(twos % 3 == 1 ? 2 : 4);
    }
    return radices;
}

std::int64_t friendly_length(std::int64_t at_least) {
    std::int64_t best = 1;
    while (best < at_least) best *= 2;
    for (std::int64_t odd : {3, 5, 9, 15}) {
        std::int64_t n = odd;
        while (n < at_least) n *= 2;
        if (n < best) best = n;
    }
    return best;
}

// Plain recursive float64 FFT, only for the tables of Bluestein's algorithm.
std::vector<std::complex<double>> transform_exactly(const std::vector<std::complex<double>>& x) {
    const auto n = static_cast<std::int64_t>(x.size());
    if (n == 1) return x;
    const std::int64_t radix = n % 2 == 0 ? 2 : n % 3 == 0 ? 3 : 5;
    const std::int64_t m = n / radix;
    std::vector<std::vector<std::complex<double>>> parts;
    for (std::int64_t r = 0; r < radix; ++r) {
        std::vector<std::complex<double>> part;
        for (std::int64_t i = 0; i < m; ++i) part.push_back(x[static_cast<std::size_t>(i * radix + r)]);
        parts.push_back(transform_exactly(part));
    }
    std::vector<std::complex<double>> out(x.size());
    for (std::int64_t k = 0; k < n; ++k)
        for (std::int64_t r = 0; r < radix; ++r)
            out[static_cast<std::size_t>(k)] +=
                parts[static_cast<std::size_t>(r)][static_cast<std::size_t>(k % m)] * root(r * k, n);
    return out;
}

}  // namespace

FftPlan::FftPlan(std::int64_t length) {
    tables_.length = length;
    const std::vector<int> radices = radices_of(length);
    if (radices.empty() && length > 1)
        plan_bluestein();
    else
        plan_stages(radices);
    position_.push_back(position_.front());  // so that element `length` is element 0 again
    tables_.stages = stages_.data();
    tables_.stage_count = static_cast<int>(stages_.size());
    tables_.position = position_.data();
}

void FftPlan::plan_stages(const std::vector<int>& radices) {
    std::int64_t n = tables_.length;
    position_.assign(static_cast<std::size_t>(n), 0);
    for (const int r : radices) {
        const std::int64_t m = n / r;
        std::vector<float> w, roots;
        for (std::int64_t j = 0; j < m; ++j)
            for (int q = 1; q < r; ++q) append(w, root(j * q, n));
        for (int q = 0; q < r; ++q) append(roots, root(q, r));
        twiddles_.push_back(std::move(w));
        twiddles_.push_back(std::move(roots));
        // Moving a vector keeps its elements where they are, so these pointers stay good.
        stages_.push_back({r, m, twiddles_[twiddles_.size() - 2].data(), twiddles_.back().data()});
        n = m;
    }
    // Pass by pass, output k goes to sub-transform k mod r, as its output k / r.
    for (std::int64_t k = 0; k < tables_.length; ++k) {
        std::int64_t rest = k, place = 0;
        for (const kernel::Stage& s : stages_) {
            place += rest % s.radix * s.m;
            rest /= s.radix;
        }
        position_[static_cast<std::size_t>(k)] = static_cast<std::int32_t>(place);
    }
}

void FftPlan::plan_bluestein() {
    const std::int64_t n = tables_.length;
    convolution_ = std::make_unique<FftPlan>(friendly_length(2 * n - 1));
    const std::int64_t c = convolution_->tables().length;
    std::vector<std::complex<double>> wrapped(static_cast<std::size_t>(c));
    for (std::int64_t i = 0; i < n; ++i) {
        const std::complex<double> chirp = root(i * i % (2 * n), 2 * n);
        append(chirp_, chirp);
        wrapped[static_cast<std::size_t>(i)] = std::conj(chirp);
        if (i > 0) wrapped[static_cast<std::size_t>(c - i)] = std::conj(chirp);
        position_.push_back(static_cast<std::int32_t>(i));
    }
    for (const std::complex<double> z : transform_exactly(wrapped)) append(chirp_spectrum_, z / static_cast<double>(c));
    tables_.convolution = &convolution_->tables();
    tables_.chirp = chirp_.data();
    tables_.chirp_spectrum = chirp_spectrum_.data();
}

}  // namespace styleshift
