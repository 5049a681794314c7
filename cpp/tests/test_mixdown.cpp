// Means of channels, a tone that stays what it is at another rate, what is above the band gone, whatever the blocks.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numbers>
#include <stdexcept>
#include <vector>

#include "check.hpp"
#include "signals.hpp"
#include "styleshift/mixdown.hpp"
#include "styleshift/simd.hpp"

using namespace styleshift;

namespace {

std::vector<float> mixed(Mixdown& mixdown, const std::vector<float>& in, std::int64_t block) {
    const std::int64_t channels = mixdown.channels(), frames = static_cast<std::int64_t>(in.size()) / channels;
    std::vector<float> out;
    const auto grow = [&](std::int64_t count) {
        out.resize(out.size() + static_cast<std::size_t>(count));
        return out.data() + out.size() - count;
    };
    for (std::int64_t i = 0; i < frames; i += block) {
        const std::int64_t count = std::min(block, frames - i);
        mixdown.push(in.data() + i * channels, count, grow(mixdown.push_gives(count)));
    }
    mixdown.finish(grow(mixdown.finish_gives()));
    return out;
}

std::vector<float> sine(double frequency, double rate, std::int64_t frames, int channels) {
    std::vector<float> x;
    for (std::int64_t i = 0; i < frames; ++i)
        for (int c = 0; c < channels; ++c)
            x.push_back(
                static_cast<float>(std::sin(2.0 * std::numbers::pi * frequency * static_cast<double>(i) / rate)));
    return x;
}

void rates(std::int64_t source, std::int64_t target) {
    const auto change = std::make_shared<const RateChange>(source, target);
    const std::int64_t frames = 3 * source / 2 + 1;
    const double low = 0.4 * static_cast<double>(std::min(source, target));
    for (const int channels : {1, 2, 3}) {
        const std::vector<float> tone = sine(low, static_cast<double>(source), frames, channels);
        Mixdown mixdown(change, channels);
        const std::vector<float> got = mixed(mixdown, tone, 10'007);
        const std::vector<float> wanted =
            sine(low, static_cast<double>(target), (2 * frames * target + source) / (2 * source), 1);
        CHECK(got.size() == wanted.size());
        double worst = 0.0;
        for (std::size_t i = 1000; i + 1000 < wanted.size(); ++i)
            worst = std::max(worst, static_cast<double>(std::abs(got[i] - wanted[i])));
        CHECK_BELOW(worst, 4e-6);
        Mixdown other(change, channels), whole(change, channels);
        CHECK(mixed(other, tone, 777) == got);
        CHECK(mixed(whole, tone, frames) == got);
    }
    if (target >= source) return;
    Mixdown mixdown(change, 1);
    const std::vector<float> got =
        mixed(mixdown, sine(0.5001 * static_cast<double>(target), static_cast<double>(source), frames, 1), frames);
    double worst = 0.0;
    for (std::size_t i = 1000; i + 1000 < got.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(got[i])));
    CHECK_BELOW(worst, 1e-6);
}

void means() {
    const std::vector<float> x = signals::noise(6 * 1001);
    for (const std::int64_t channels : {2, 3}) {
        Mixdown mixdown(nullptr, channels);
        const std::vector<float> got = mixed(mixdown, x, 400);
        double worst = 0.0, squares = 0.0, all = 0.0;
        for (std::size_t i = 0; i < got.size(); ++i) {
            double mean = 0.0;
            for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
                const double value = x[i * static_cast<std::size_t>(channels) + c];
                mean += value / static_cast<double>(channels);
                all += value * value;
            }
            squares += mean * mean;
            worst = std::max(worst, std::abs(mean - got[i]));
        }
        CHECK(got.size() == x.size() / static_cast<std::size_t>(channels));
        CHECK_BELOW(worst, 1e-6);
        CHECK_BELOW(std::abs(mixdown.mixed_power() / squares - 1.0), 1e-5);
        CHECK_BELOW(std::abs(mixdown.channel_power() / all - 1.0), 1e-5);
        CHECK_THROWS(std::logic_error, mixdown.finish(nullptr), "finished");
    }
}

}  // namespace

int main() {
    for (const std::string& variant : available_variants()) {
        select_variant(variant);
        means();
        rates(44'100, 22'050);
        rates(48'000, 22'050);
        rates(16'000, 22'050);
        rates(44'100, 20'500);
    }
    CHECK(!RateChange::possible(44'100, 22'051));
    CHECK(!RateChange::possible(44'100, 44'100));
    CHECK_THROWS(std::invalid_argument, RateChange(44'100, 22'051), "rates");
    return check::result();
}
