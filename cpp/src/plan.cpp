#include "styleshift/plan.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "dispatch.hpp"
#include "fft_tables.hpp"
#include "kernel/kernels.hpp"

namespace styleshift {
namespace {

constexpr std::int64_t longest = std::int64_t{1} << 20;

void check(const char* name, std::int64_t value, std::int64_t low, std::int64_t high) {
    if (value < low || value > high)
        throw std::invalid_argument(std::string(name) + " is " + std::to_string(value) + "; it must be from " +
                                    std::to_string(low) + " to " + std::to_string(high));
}

double window_value(Window window, std::int64_t n, std::int64_t length) {
    const double phase = 2.0 * std::numbers::pi * static_cast<double>(n) / static_cast<double>(length);
    switch (window) {
        case Window::hann: return 0.5 - 0.5 * std::cos(phase);
        case Window::sqrt_hann: return std::sin(phase / 2.0);
        case Window::hamming: return 0.54 - 0.46 * std::cos(phase);
        case Window::blackman: return std::max(0.0, 0.42 - 0.5 * std::cos(phase) + 0.08 * std::cos(2.0 * phase));
        case Window::gaussian: {
            // exp(-pi t^2 / gamma), gamma = 0.25645 length^2 (Prusa et al. 2017, the Gaussian nearest to Hann).
            const double t = static_cast<double>(n) / static_cast<double>(length) - 0.5;
            return std::exp(-std::numbers::pi * t * t / 0.25645);
        }
        case Window::rectangular: return 1.0;
    }
    return 1.0;
}

}  // namespace

struct Plan::State {
    explicit State(const FrameSettings& s)
        : settings(s), fft(s.fft_length % 2 == 0 ? s.fft_length / 2 : s.fft_length) {}

    FrameSettings settings;
    FftPlan fft;
    std::vector<double> window;
    std::vector<float> analysis, synthesis, twiddles, steady;
    std::vector<std::int32_t> sample_position;
    std::unique_ptr<FftPlan> four_step_fft;
    std::vector<float> four_step_window, four_step_synthesis, four_step_twiddles, four_step_roots, four_step_split;
    std::vector<double> squared_sums;  // [n] w[n]^2 + w[n - hop]^2 + w[n - 2 hop]^2 ...
    double smallest = 0.0;
    kernel::Tables tables{};

    // Tables for one frame at a time, where the variant in use can do so.
    void plan_four_step(int lanes) {
        const std::int64_t points = tables.fft.length, rows = points / lanes;
        if (!tables.packed || points % lanes != 0 || rows < 2) return;
        four_step_fft = std::make_unique<FftPlan>(rows);
        if (four_step_fft->tables().convolution != nullptr) return;
        const auto append = [](std::vector<float>& v, std::int64_t lane_count, auto&& angle) {
            for (std::int64_t l = 0; l < lane_count; ++l) v.push_back(static_cast<float>(std::cos(angle(l))));
            for (std::int64_t l = 0; l < lane_count; ++l) v.push_back(static_cast<float>(std::sin(angle(l))));
        };
        constexpr double turn = -2.0 * std::numbers::pi;
        for (std::int64_t k = 0; k < rows; ++k)
            append(four_step_twiddles, lanes,
                   [&](std::int64_t l) { return turn * static_cast<double>(k * l) / static_cast<double>(points); });
        for (std::int64_t q = 0; q < lanes / 4; ++q)
            append(four_step_roots, lanes, [&](std::int64_t l) {
                return turn * static_cast<double>(q * (l % 4)) / static_cast<double>(lanes);
            });
        for (std::int64_t k = 0; k <= points / 2; k += lanes)
            append(four_step_split, lanes, [&](std::int64_t l) {
                return turn * static_cast<double>(k + l) / static_cast<double>(settings.fft_length);
            });
        four_step_window = analysis;
        four_step_window.resize(static_cast<std::size_t>(settings.fft_length));
        four_step_synthesis = synthesis;
        four_step_synthesis.resize(static_cast<std::size_t>(settings.fft_length));
        tables.four_step = {lanes,
                            four_step_fft->tables(),
                            four_step_window.data(),
                            four_step_synthesis.data(),
                            four_step_twiddles.data(),
                            four_step_roots.data(),
                            four_step_split.data()};
    }

    double overlap(std::int64_t newest, std::int64_t oldest) const {
        // Frames meet this sample at window positions newest, newest + hop, ... oldest.
        const double before =
            newest >= settings.hop_length ? squared_sums[static_cast<std::size_t>(newest - settings.hop_length)] : 0.0;
        return squared_sums[static_cast<std::size_t>(oldest)] - before;
    }
    float weight(double sum) const { return sum > smallest ? static_cast<float>(1.0 / sum) : 0.0F; }
};

Plan::Plan(const FrameSettings& s) {
    check("fft_length", s.fft_length, 2, longest);
    check("frame_length", s.frame_length, 2, longest);
    check("hop_length", s.hop_length, 1, longest);
    state_ = std::make_unique<State>(s);
    State& state = *state_;
    const std::int64_t kept = std::min(s.frame_length, s.fft_length);
    const bool packed = s.fft_length % 2 == 0;
    const std::int64_t bins = s.fft_length / 2 + 1;

    for (std::int64_t n = 0; n < kept; ++n) {
        const double w = window_value(s.window, n, s.frame_length);
        state.window.push_back(w);
        state.analysis.push_back(static_cast<float>(packed ? 0.5 * w : w));
        state.synthesis.push_back(static_cast<float>(w / static_cast<double>(s.fft_length)));
        const double before = n >= s.hop_length ? state.squared_sums[static_cast<std::size_t>(n - s.hop_length)] : 0.0;
        state.squared_sums.push_back(before + w * w);
    }
    for (std::int64_t k = 0; packed && k < bins; ++k) {
        const double angle = -2.0 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(s.fft_length);
        state.twiddles.push_back(static_cast<float>(std::cos(angle)));
        state.twiddles.push_back(static_cast<float>(std::sin(angle)));
    }
    for (std::int64_t n = 0; n < kept; ++n) {
        // Packed, the inverse transform leaves real and imaginary parts exchanged, and even samples are the real ones.
        const std::int32_t at =
            packed ? 2 * state.fft.tables().position[n / 2] + (n % 2 == 0 ? 1 : 0) : static_cast<std::int32_t>(n);
        state.sample_position.push_back(at);
    }
    state.smallest = 1e-11 * *std::max_element(state.squared_sums.begin(), state.squared_sums.end());

    // Repeated to 512 values or more, so that the inner loop over them is long even for tiny hops.
    const std::int64_t period = s.hop_length * std::max<std::int64_t>(1, 512 / s.hop_length);
    for (std::int64_t i = 0; i < period; ++i) {
        const std::int64_t newest = i % s.hop_length;
        const std::int64_t oldest = newest + (kept - 1 - newest) / s.hop_length * s.hop_length;
        state.steady.push_back(newest < kept ? state.weight(state.overlap(newest, oldest)) : 0.0F);
    }

    state.tables = {s.fft_length,
                    kept,
                    s.hop_length,
                    bins,
                    packed,
                    state.fft.tables(),
                    state.analysis.data(),
                    state.synthesis.data(),
                    state.sample_position.data(),
                    state.twiddles.data(),
                    {}};
    state.plan_four_step(active_kernels().lanes);
}

Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;
Plan& Plan::operator=(Plan&&) noexcept = default;

const FrameSettings& Plan::settings() const { return state_->settings; }
std::int64_t Plan::bins() const { return state_->tables.bins; }
std::int64_t Plan::kept() const { return state_->tables.kept; }
std::int64_t Plan::offset() const { return state_->settings.center ? state_->settings.frame_length / 2 : 0; }
const kernel::Tables& Plan::tables() const { return state_->tables; }
const double* Plan::window() const { return state_->window.data(); }
const float* Plan::steady_weights() const { return state_->steady.data(); }
std::int64_t Plan::period() const { return static_cast<std::int64_t>(state_->steady.size()); }

std::int64_t Plan::frames(std::int64_t samples) const {
    const FrameSettings& s = state_->settings;
    if (s.center) return samples > 0 ? 1 + samples / s.hop_length : 0;
    return samples >= s.frame_length ? 1 + (samples - s.frame_length) / s.hop_length : 0;
}

std::int64_t Plan::samples(std::int64_t frames) const {
    const FrameSettings& s = state_->settings;
    if (frames == 0) return 0;
    return (frames - 1) * s.hop_length + (s.center ? 0 : s.frame_length);
}

std::int64_t Plan::finished_frames(std::int64_t samples) const {
    const FrameSettings& s = state_->settings;
    if (!s.center) return frames(samples);
    // Frame t exists once t * hop <= samples, and is known once its last kept sample is.
    const std::int64_t last = std::min(samples, samples + offset() - kept());
    return samples > 0 && last >= 0 ? 1 + last / s.hop_length : 0;
}

float Plan::overlap_weight(std::int64_t s, std::int64_t frames) const {
    const std::int64_t hop = state_->settings.hop_length;
    const std::int64_t last = std::min(frames - 1, s / hop);
    const std::int64_t first = std::max<std::int64_t>(0, (s - kept() + hop) / hop);
    if (s < 0 || first > last) return 0.0F;
    return state_->weight(state_->overlap(s - last * hop, s - first * hop));
}

}  // namespace styleshift
