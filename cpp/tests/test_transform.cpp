// The transforms against their definitions, for every SIMD variant of this machine.
#include <algorithm>
#include <limits>
#include <stdexcept>

#include "check.hpp"
#include "signals.hpp"
#include "styleshift/simd.hpp"

using namespace styleshift;

namespace {

// Even and odd lengths, every radix, generic primes, Bluestein, frames shorter and longer than the FFT; frames one by one
// with whole and partial tiles of rows for every number of lanes, and multiples of all lanes that cannot be done so. Of odd
// lengths, each radix first, last and between, and each pair of last ones.
const FrameSettings settings[] = {
    {512, 128, 512, Window::hann, true},
    {615, 205, 512, Window::hann, true},
    {400, 100, 512, Window::hamming, true},
    {256, 64, 256, Window::gaussian, false},
    {120, 31, 120, Window::blackman, true},
    {90, 30, 90, Window::sqrt_hann, true},
    {75, 25, 75, Window::hann, true},
    {77, 11, 77, Window::hann, false},
    {2, 1, 2, Window::rectangular, true},
    {3, 1, 3, Window::hann, true},
    {64, 3, 64, Window::hann, true},
    {122, 40, 122, Window::hann, true},
    {134, 40, 134, Window::hann, true},
    {67, 16, 67, Window::hann, true},
    {40, 32, 37, Window::rectangular, false},
    {16, 16, 16, Window::rectangular, true},
    {640, 160, 640, Window::hann, true},
    {992, 248, 992, Window::hann, false},
    {536, 134, 536, Window::hann, true},
    {5, 2, 5, Window::hann, true},
    {9, 4, 9, Window::hann, true},
    {15, 5, 15, Window::hann, true},
    {27, 9, 27, Window::hann, false},
    {45, 11, 45, Window::hann, true},
    {135, 33, 135, Window::hann, true},
    {225, 56, 225, Window::hamming, true},
    {243, 60, 243, Window::hann, true},
    {250, 62, 405, Window::hann, true},
    {343, 85, 343, Window::hann, true},
    {945, 236, 945, Window::hann, true},
    {1125, 281, 1125, Window::hann, true},
    {201, 50, 201, Window::hann, true},
};

void forward_is_the_definition(const FrameSettings& s) {
    const Plan plan(s);
    const std::vector<float> x = signals::noise(static_cast<std::size_t>(s.frame_length + 20 * s.hop_length + 7));
    const std::vector<float> got = signals::stft(plan, x);
    const std::int64_t frames = plan.frames(static_cast<std::int64_t>(x.size()));
    CHECK(frames > 18);
    double error = 0.0, size = 0.0;
    for (std::int64_t t = 0; t < frames; ++t) {
        const std::vector<std::complex<double>> bins = signals::frame(plan, x, t);
        for (std::size_t k = 0; k < bins.size(); ++k) {
            const std::size_t i = 2 * (static_cast<std::size_t>(t) * bins.size() + k);
            error = std::max(error, std::abs(bins[k] - std::complex<double>(got[i], got[i + 1])));
            size = std::max(size, std::abs(bins[k]));
        }
    }
    CHECK_BELOW(error / size, 1e-6);
    CHECK(signals::stft(plan, x, 3) == got);
}

void inverse_inverts(const FrameSettings& s) {
    const Plan plan(s);
    const std::vector<float> x = signals::noise(static_cast<std::size_t>(s.frame_length + 700 * s.hop_length + 3), 9);
    const std::vector<float> spectrum = signals::stft(plan, x);
    const auto length = static_cast<std::int64_t>(x.size());
    const std::vector<float> back = signals::istft(plan, spectrum, length);
    // Away from the ends, where the window leaves too little of a sample to invert it in float32.
    double error = 0.0, size = 0.0;
    for (std::int64_t i = s.frame_length; i < length - s.frame_length; ++i) {
        const auto at = static_cast<std::size_t>(i);
        error += std::pow(static_cast<double>(back[at] - x[at]), 2);
        size += std::pow(static_cast<double>(x[at]), 2);
    }
    CHECK_BELOW(10.0 * std::log10(error / size), -110.0);
    CHECK(signals::istft(plan, spectrum, length, 3) == back);
}

void compression_is_accurate() {
    std::vector<float> m, out, back;
    for (double e = -30.0; e < 30.0; e += 0.01) m.push_back(static_cast<float>(std::pow(10.0, e)));
    m.push_back(0.0F);
    out.resize(m.size());
    back.resize(m.size());
    const auto count = static_cast<std::int64_t>(m.size());
    CompressionSettings c;
    c.gain = 3.0F;
    compress(c, m.data(), count, out.data(), 1);
    expand(c, out.data(), count, back.data(), 1);
    double error = 0.0, round_trip = 0.0;
    for (std::size_t i = 0; i + 1 < m.size(); ++i) {
        const double exact = std::log1p(3.0 * static_cast<double>(m[i]));
        error = std::max(error, std::abs(out[i] - exact) / exact);
        // The round trip amplifies the rounding of the logarithm by the logarithm itself.
        round_trip = std::max(round_trip, std::abs(back[i] - m[i]) / static_cast<double>(m[i]) / (1.0 + exact));
    }
    CHECK_BELOW(error, 5e-7);
    CHECK_BELOW(round_trip, 1e-6);
    CHECK(out.back() == 0.0F && back.back() == 0.0F);

    c.kind = Compression::log;
    compress(c, m.data(), count, out.data(), 1);
    error = 0.0;
    for (std::size_t i = 0; i < m.size(); ++i) {
        const double exact = std::log(static_cast<double>(std::max(m[i], c.floor)));
        error = std::max(error, std::abs(out[i] - exact) / std::max(std::abs(exact), 1.0));
    }
    CHECK_BELOW(error, 5e-7);

    const float nan = std::numeric_limits<float>::quiet_NaN();
    for (const Compression kind : {Compression::none, Compression::log1p, Compression::log}) {
        c.kind = kind;
        compress(c, &nan, 1, out.data(), 1);
        CHECK(out[0] != out[0]);
    }
}

// A stretch of one long signal gives the same frames, wherever it was cut and wherever its blocks begin.
void frames_do_not_depend_on_their_block() {
    const Plan plan({96, 17, 96, Window::hann, true});
    const std::vector<float> x = signals::noise(3000);
    const std::vector<float> whole = signals::stft(plan, x);
    const Signal signal = signals::view(x);
    const std::int64_t bins = plan.bins();
    for (std::int64_t begin = 0; begin < 40; begin += 7) {
        std::vector<float> part(static_cast<std::size_t>(2 * bins * 50));
        stft(plan, {&signal, 1}, {begin, begin + 50}, {part.data(), 0, 2 * bins}, 1);
        CHECK(std::equal(part.begin(), part.end(), whole.begin() + 2 * bins * begin));
    }
}

void wrong_settings_are_named() {
    CHECK_THROWS(std::invalid_argument, Plan({8, 1, 1, Window::hann, true}), "fft_length is 1");
    CHECK_THROWS(std::invalid_argument, Plan({1, 1, 8, Window::hann, true}), "frame_length is 1");
    CHECK_THROWS(std::invalid_argument, Plan({8, 0, 8, Window::hann, true}), "hop_length is 0");
    CHECK_THROWS(std::invalid_argument, select_variant("abacus"), "abacus");
}

}  // namespace

int main() {
    for (const std::string& variant : available_variants()) {
        select_variant(variant);
        for (const FrameSettings& s : settings) {
            forward_is_the_definition(s);
            inverse_inverts(s);
        }
        compression_is_accurate();
        frames_do_not_depend_on_their_block();
    }
    wrong_settings_are_named();
    return check::result();
}
