// Phase gradient heap integration. For a Gaussian window exp(-pi t^2 / gamma) the phase's derivatives follow
// from those of the log magnitude s (Prusa, Balazs, Sondergaard 2017, eq. 13, 14; phases at the window's middle):
//   d phase / d frame = hop N / (2 gamma) (s[t, k+1] - s[t, k-1]) + 2 pi hop k / N
//   d phase / d bin   = -gamma / (2 hop N) (s[t+1, k] - s[t-1, k])
// They are summed from the loudest bins outwards, so that errors stay in the quiet ones.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "parallel.hpp"
#include "random.hpp"
#include "styleshift/phase.hpp"

namespace styleshift {
namespace {

constexpr double two_pi = 2.0 * std::numbers::pi;

float wrap(double angle) { return static_cast<float>(angle - two_pi * std::nearbyint(angle / two_pi)); }

struct Known {
    float level;
    std::int32_t frame, bin;
    bool operator<(const Known& other) const { return level < other.level; }
};

class Integration {
public:
    Integration(const Plan& plan, const PghiSettings& settings, const float* magnitude, std::ptrdiff_t stride,
                std::int64_t frames, std::uint64_t stream)
        : bins_(plan.bins()),
          frames_(frames),
          levels_(static_cast<std::size_t>(bins_ * frames)),
          phases_(levels_.size()),
          done_(levels_.size(), 0) {
        const FrameSettings& s = plan.settings();
        const double gamma = gaussian_gamma(plan), hop = static_cast<double>(s.hop_length),
                     points = static_cast<double>(s.fft_length);
        time_factor_ = hop * points / (2.0 * gamma);
        bin_factor_ = -gamma / (2.0 * hop * points);
        for (std::int64_t k = 0; k < bins_; ++k) {
            // Reduced as whole numbers, so that high bins keep their accuracy.
            advance_.push_back(two_pi * static_cast<double>(s.hop_length * k % s.fft_length) / points);
        }
        float loudest = 0.0F;
        for (std::int64_t t = 0; t < frames; ++t)
            for (std::int64_t k = 0; k < bins_; ++k) loudest = std::max(loudest, magnitude[t * stride + k]);
        const float silence = std::max(settings.tolerance * loudest, 1e-30F);
        for (std::int64_t t = 0; t < frames; ++t)
            for (std::int64_t k = 0; k < bins_; ++k) {
                const auto i = static_cast<std::size_t>(t * bins_ + k);
                const float m = magnitude[t * stride + k];
                levels_[i] = std::log(std::max(m, silence));
                if (!(m > silence)) {
                    done_[i] = 1;
                    phases_[i] = random_angle(settings.seed + stream, i);
                }
            }
        heap_.reserve(4096);
    }

    void integrate() {
        for (const std::uint32_t i : by_level()) {
            if (done_[i] != 0) continue;
            const auto t = static_cast<std::int32_t>(i / bins_), k = static_cast<std::int32_t>(i % bins_);
            settle(t, k, 0.0);
            spread(0, frames_);
        }
    }

    // Each frame from the one before it; nothing later than the next frame's magnitudes is looked at.
    void integrate_in_real_time() {
        std::vector<std::int32_t> order(static_cast<std::size_t>(bins_));
        for (std::int64_t t = 0; t < frames_; ++t) {
            heap_.clear();
            for (std::int64_t k = 0; t > 0 && k < bins_; ++k)
                if (done_[at(t - 1, k)] == 2) push(t - 1, k);
            spread(t, t + 1);
            for (std::size_t k = 0; k < order.size(); ++k) order[k] = static_cast<std::int32_t>(k);
            std::sort(order.begin(), order.end(),
                      [&](std::int32_t a, std::int32_t b) { return levels_[at(t, a)] > levels_[at(t, b)]; });
            for (const std::int32_t k : order) {
                if (done_[at(t, k)] != 0) continue;
                settle(t, k, 0.0);
                spread(t, t + 1);
            }
        }
    }

    float phase(std::int64_t t, std::int64_t k) const { return phases_[at(t, k)]; }

private:
    std::size_t at(std::int64_t t, std::int64_t k) const { return static_cast<std::size_t>(t * bins_ + k); }

    // Indices of the bins above silence, loudest first, to 1/4096 of the range: a counting sort.
    std::vector<std::uint32_t> by_level() const {
        constexpr int steps = 4096;
        float low = 0.0F, high = 0.0F;
        for (std::size_t i = 0; i < levels_.size(); ++i) {
            low = i == 0 ? levels_[i] : std::min(low, levels_[i]);
            high = i == 0 ? levels_[i] : std::max(high, levels_[i]);
        }
        const float factor = high > low ? static_cast<float>(steps - 1) / (high - low) : 0.0F;
        const auto step = [&](std::size_t i) { return static_cast<std::size_t>((high - levels_[i]) * factor); };
        std::vector<std::size_t> starts(steps + 1, 0);
        for (std::size_t i = 0; i < levels_.size(); ++i)
            if (done_[i] == 0) ++starts[step(i) + 1];
        for (std::size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
        std::vector<std::uint32_t> order(starts.back());
        for (std::size_t i = 0; i < levels_.size(); ++i)
            if (done_[i] == 0) order[starts[step(i)]++] = static_cast<std::uint32_t>(i);
        return order;
    }

    void push(std::int64_t t, std::int64_t k) {
        heap_.push_back({levels_[at(t, k)], static_cast<std::int32_t>(t), static_cast<std::int32_t>(k)});
        std::push_heap(heap_.begin(), heap_.end());
    }

    void settle(std::int64_t t, std::int64_t k, double phase) {
        phases_[at(t, k)] = wrap(phase);
        done_[at(t, k)] = 2;
        push(t, k);
    }

    double per_frame(std::int64_t t, std::int64_t k) const {
        const std::int64_t up = std::min(k + 1, bins_ - 1), down = std::max<std::int64_t>(k - 1, 0);
        const double slope = (levels_[at(t, up)] - levels_[at(t, down)]) * (2.0 / static_cast<double>(up - down));
        return time_factor_ * slope + advance_[static_cast<std::size_t>(k)];
    }

    double per_bin(std::int64_t t, std::int64_t k) const {
        const std::int64_t after = std::min(t + 1, frames_ - 1), before = std::max<std::int64_t>(t - 1, 0);
        if (after == before) return 0.0;
        return bin_factor_ * (levels_[at(after, k)] - levels_[at(before, k)]) *
               (2.0 / static_cast<double>(after - before));
    }

    // From the loudest known bin to its unknown neighbours by the trapezoid rule, till none is left; only frames
    // in [first, last) are filled.
    void spread(std::int64_t first, std::int64_t last) {
        while (!heap_.empty()) {
            const std::int64_t t = heap_.front().frame, k = heap_.front().bin;
            std::pop_heap(heap_.begin(), heap_.end());
            heap_.pop_back();
            const double phase = phases_[at(t, k)];
            if (t + 1 >= first && t + 1 < last && done_[at(t + 1, k)] == 0)
                settle(t + 1, k, phase + 0.5 * (per_frame(t, k) + per_frame(t + 1, k)));
            if (t - 1 >= first && t - 1 < last && done_[at(t - 1, k)] == 0)
                settle(t - 1, k, phase - 0.5 * (per_frame(t, k) + per_frame(t - 1, k)));
            if (t < first || t >= last) continue;
            if (k + 1 < bins_ && done_[at(t, k + 1)] == 0)
                settle(t, k + 1, phase + 0.5 * (per_bin(t, k) + per_bin(t, k + 1)));
            if (k - 1 >= 0 && done_[at(t, k - 1)] == 0)
                settle(t, k - 1, phase - 0.5 * (per_bin(t, k) + per_bin(t, k - 1)));
        }
    }

    std::int64_t bins_, frames_;
    double time_factor_ = 0.0, bin_factor_ = 0.0;
    std::vector<double> advance_;  // [bins] 2 pi hop k / N, modulo 2 pi
    std::vector<float> levels_, phases_;
    std::vector<unsigned char> done_;  // 0 unknown, 1 silent with a random phase, 2 integrated
    std::vector<Known> heap_;
};

}  // namespace

double gaussian_gamma(const Plan& plan) {
    // The Gaussian of height 1 with the least squared difference from the window, by golden-section search.
    const double middle = static_cast<double>(plan.settings().frame_length) / 2.0;
    const auto difference = [&](double gamma) {
        double sum = 0.0;
        for (std::int64_t n = 0; n < plan.kept(); ++n) {
            const double t = static_cast<double>(n) - middle;
            const double d = std::exp(-std::numbers::pi * t * t / gamma) - plan.window()[n];
            sum += d * d;
        }
        return sum;
    };
    const double length = static_cast<double>(plan.settings().frame_length);
    double low = std::log(0.01 * length * length), high = std::log(4.0 * length * length);
    constexpr double ratio = 0.618033988749894848;
    for (int i = 0; i < 40; ++i) {
        const double a = high - ratio * (high - low), b = low + ratio * (high - low);
        if (difference(std::exp(a)) > difference(std::exp(b)))
            low = a;
        else
            high = b;
    }
    return std::exp(0.5 * (low + high));
}

void pghi(const Plan& plan, const PghiSettings& settings, Frames<const float> magnitude, std::int64_t signals,
          std::int64_t frames, Frames<float> out, int threads) {
    if (frames * plan.bins() >= std::int64_t{1} << 32)
        throw std::invalid_argument("magnitude has more than 2^32 bins a channel; cut it into pieces");
    const std::int64_t middle = plan.settings().frame_length, points = plan.settings().fft_length;
    parallel_for(threads, signals, [&] {
        return [&](std::int64_t r) {
            const float* m = magnitude.data + r * magnitude.signal_stride;
            Integration state(plan, settings, m, magnitude.frame_stride, frames, static_cast<std::uint64_t>(r) << 32U);
            if (settings.real_time)
                state.integrate_in_real_time();
            else
                state.integrate();
            for (std::int64_t t = 0; t < frames; ++t)
                for (std::int64_t k = 0; k < plan.bins(); ++k) {
                    // From the window's middle (frame_length / 2) to the frame's first sample.
                    const double turn =
                        std::numbers::pi * static_cast<double>(k * middle % (2 * points)) / static_cast<double>(points);
                    const auto angle = static_cast<float>(state.phase(t, k) - turn);
                    const float size = m[t * magnitude.frame_stride + k];
                    float* p = out.data + r * out.signal_stride + t * out.frame_stride + 2 * k;
                    p[0] = size * std::cos(angle);
                    p[1] = size * std::sin(angle);
                }
        };
    });
}

}  // namespace styleshift
