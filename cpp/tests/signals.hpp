// Test signals, and the transforms by their definitions in double precision.
#pragma once

#include <cmath>
#include <complex>
#include <cstdint>
#include <numbers>
#include <vector>

#include "styleshift/plan.hpp"
#include "styleshift/transform.hpp"

namespace signals {

inline std::vector<float> noise(std::size_t count, std::uint32_t seed = 1) {
    std::vector<float> x(count);
    for (float& v : x) {
        seed = seed * 1664525U + 1013904223U;
        v = static_cast<float>(seed >> 8U) / 8388608.0F - 1.0F;
    }
    return x;
}

inline styleshift::Signal view(const std::vector<float>& x) {
    return {x.data(), styleshift::SampleType::float32, sizeof(float), 0, static_cast<std::int64_t>(x.size())};
}

// Frame t of the STFT, by the definition.
inline std::vector<std::complex<double>> frame(const styleshift::Plan& plan, const std::vector<float>& x,
                                               std::int64_t t) {
    const std::int64_t n = plan.settings().fft_length, begin = t * plan.settings().hop_length - plan.offset();
    std::vector<std::complex<double>> bins(static_cast<std::size_t>(plan.bins()));
    for (std::int64_t k = 0; k < plan.bins(); ++k)
        for (std::int64_t i = 0; i < plan.kept(); ++i) {
            const std::int64_t s = begin + i;
            if (s < 0 || s >= static_cast<std::int64_t>(x.size())) continue;
            const double angle = -2.0 * std::numbers::pi * static_cast<double>(k * i % n) / static_cast<double>(n);
            bins[static_cast<std::size_t>(k)] +=
                static_cast<double>(x[static_cast<std::size_t>(s)]) * plan.window()[i] * std::polar(1.0, angle);
        }
    return bins;
}

inline std::vector<float> stft(const styleshift::Plan& plan, const std::vector<float>& x, int threads = 1) {
    const std::int64_t frames = plan.frames(static_cast<std::int64_t>(x.size())), bins = plan.bins();
    std::vector<float> out(static_cast<std::size_t>(2 * frames * bins));
    const styleshift::Signal signal = view(x);
    styleshift::stft(plan, {&signal, 1}, {0, frames}, {out.data(), 2 * frames * bins, 2 * bins}, threads);
    return out;
}

inline std::vector<float> istft(const styleshift::Plan& plan, const std::vector<float>& spectrum, std::int64_t length,
                                int threads = 1) {
    const std::int64_t bins = plan.bins(), frames = static_cast<std::int64_t>(spectrum.size()) / (2 * bins);
    std::vector<float> out(static_cast<std::size_t>(length));
    styleshift::istft(plan, {spectrum.data(), 2 * frames * bins, 2 * bins}, 1, frames, out.data(), length, length,
                      threads);
    return out;
}

}  // namespace signals
