// Griffin-Lim and phase gradient heap integration: they converge, and threads do not change them.
#include <cmath>

#include "check.hpp"
#include "signals.hpp"
#include "styleshift/phase.hpp"
#include "styleshift/simd.hpp"

using namespace styleshift;

namespace {

std::vector<float> magnitudes(const std::vector<float>& spectrum) {
    std::vector<float> m;
    for (std::size_t i = 0; i < spectrum.size(); i += 2) m.push_back(std::hypot(spectrum[i], spectrum[i + 1]));
    return m;
}

// Spectral convergence, dB.
double distance(const Plan& plan, const std::vector<float>& samples, const std::vector<float>& goal) {
    const std::vector<float> m = magnitudes(signals::stft(plan, samples));
    double error = 0.0, size = 0.0;
    for (std::size_t i = 0; i < goal.size(); ++i) {
        error += std::pow(static_cast<double>(m[i] - goal[i]), 2);
        size += std::pow(static_cast<double>(goal[i]), 2);
    }
    return 10.0 * std::log10(error / size);
}

void reconstructs(const FrameSettings& s) {
    const Plan plan(s);
    constexpr std::int64_t length = 12000;
    std::vector<float> x(length);
    for (std::size_t i = 0; i < x.size(); ++i)
        x[i] = static_cast<float>(std::sin(0.05 * static_cast<double>(i) + 4e-6 * std::pow(static_cast<double>(i), 2)));
    const std::vector<float> goal = magnitudes(signals::stft(plan, x));
    const std::int64_t bins = plan.bins(), frames = static_cast<std::int64_t>(goal.size()) / bins;
    const Frames<const float> rows{goal.data(), frames * bins, bins};
    const auto griffin = [&](int iterations, float momentum, const std::vector<float>* initial, int threads) {
        std::vector<float> out(length);
        const Frames<const float> start{initial != nullptr ? initial->data() : nullptr, 2 * frames * bins, 2 * bins};
        griffin_lim(plan, {iterations, momentum, 5}, rows, start, 1, frames, out.data(), length, length, threads);
        return out;
    };
    const double random = distance(plan, griffin(0, 0.0F, nullptr, 1), goal);
    const double plain = distance(plan, griffin(30, 0.0F, nullptr, 1), goal);
    const double fast = distance(plan, griffin(30, 0.99F, nullptr, 1), goal);
    CHECK_BELOW(plain, random - 5.0);
    CHECK_BELOW(fast, plain);
    CHECK(griffin(5, 0.99F, nullptr, 1) == griffin(5, 0.99F, nullptr, 3));

    std::vector<float> guess(goal.size() * 2);
    for (const bool real_time : {false, true}) {
        pghi(plan, {1e-6F, real_time, 3}, rows, 1, frames, {guess.data(), 2 * frames * bins, 2 * bins}, 1);
        CHECK_BELOW(distance(plan, signals::istft(plan, guess, length), goal), random - 8.0);
    }
}

}  // namespace

int main() {
    for (const std::string& variant : available_variants()) {
        select_variant(variant);
        reconstructs({256, 64, 256, Window::hann, true});
        reconstructs({255, 50, 255, Window::gaussian, true});
        reconstructs({201, 50, 201, Window::hann, true});  // Bluestein
    }
    // gamma / length^2 as listed by Prusa et al. 2017, table 1, who fitted by another measure.
    const auto gamma = [](Window window) {
        return gaussian_gamma(Plan({1024, 256, 1024, window, true})) / (1024.0 * 1024.0);
    };
    CHECK_BELOW(std::abs(gamma(Window::hann) / 0.25645 - 1.0), 0.02);
    CHECK_BELOW(std::abs(gamma(Window::hamming) / 0.29794 - 1.0), 0.02);
    CHECK_BELOW(std::abs(gamma(Window::blackman) / 0.17954 - 1.0), 0.02);
    CHECK_BELOW(std::abs(gamma(Window::gaussian) / 0.25645 - 1.0), 1e-6);
    return check::result();
}
