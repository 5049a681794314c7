// The layers against their definitions in double precision, in every variant, and the same bits from two threads.
#include <bit>
#include <cmath>
#include <stdexcept>

#include "check.hpp"
#include "signals.hpp"
#include "styleshift/layers.hpp"
#include "styleshift/simd.hpp"

using namespace styleshift;
using layers::Half;

namespace {

using Halves = std::vector<Half>;
using Floats = std::vector<float>;
using Doubles = std::vector<double>;

double value(Half bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U); }

// Noise of the given size, cut off to bfloat16.
Halves halves(std::int64_t count, std::uint32_t seed, float size = 2.0F, float middle = 0.0F) {
    Halves made;
    for (const float v : signals::noise(static_cast<std::size_t>(count), seed))
        made.push_back(static_cast<Half>(std::bit_cast<std::uint32_t>(size * v + middle) >> 16U));
    return made;
}

Floats around_one(std::int64_t count, std::uint32_t seed) {
    Floats made = signals::noise(static_cast<std::size_t>(count), seed);
    for (float& v : made) v = 1 + 0.3F * v;
    return made;
}

// Root mean square of the difference over that of what is wanted.
template <class Given, class Value>
double away(const Given& given, const Doubles& wanted, Value&& as_double) {
    double error = 0, size = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        error += std::pow(as_double(given[i]) - wanted[i], 2);
        size += wanted[i] * wanted[i];
    }
    return std::sqrt(error / size);
}
double away(const Halves& given, const Doubles& wanted) { return away(given, wanted, value); }
double away(const Floats& given, const Doubles& wanted) {
    return away(given, wanted, [](float v) { return static_cast<double>(v); });
}

constexpr double rounding = 0.0025;  // bfloat16 keeps 8 bits: 0.0017 root mean square for even mantissas

struct NormResult {
    Halves out, in_gradient;
    Floats scale_gradient;
    bool operator==(const NormResult&) const = default;
};

NormResult norm(const Halves& in, const Floats& scale, const Halves& gradient, int threads) {
    const auto channels = static_cast<std::int64_t>(scale.size());
    const std::int64_t pixels = static_cast<std::int64_t>(in.size()) / channels;
    NormResult r{Halves(in.size()), Halves(in.size()), Floats(scale.size())};
    layers::norm_silu(in.data(), scale.data(), pixels, channels, r.out.data(), threads);
    layers::norm_silu_backward(in.data(), scale.data(), gradient.data(), pixels, channels, r.in_gradient.data(),
                               r.scale_gradient.data(), threads);
    return r;
}

void test_norm_silu(std::int64_t pixels, std::int64_t channels) {
    const Halves in = halves(pixels * channels, 1), gradient = halves(pixels * channels, 2);
    const Floats scale = around_one(channels, 3);
    Doubles out, in_gradient, scale_gradient(static_cast<std::size_t>(channels));
    for (std::int64_t p = 0; p < pixels; ++p) {
        const auto at = [&](std::int64_t c) { return static_cast<std::size_t>(p * channels + c); };
        double power = layers::channel_norm_epsilon;
        for (std::int64_t c = 0; c < channels; ++c)
            power += std::pow(value(in[at(c)]), 2) / static_cast<double>(channels);
        Doubles normal, inner;
        double along = 0;
        for (std::int64_t c = 0; c < channels; ++c) {
            const double n = value(in[at(c)]) / std::sqrt(power), v = n * scale[static_cast<std::size_t>(c)];
            const double s = 1 / (1 + std::exp(-v)), of_v = value(gradient[at(c)]) * (s + v * s * (1 - s));
            out.push_back(v * s);
            normal.push_back(n);
            inner.push_back(of_v * scale[static_cast<std::size_t>(c)]);
            scale_gradient[static_cast<std::size_t>(c)] += of_v * n;
            along += inner.back() * n / static_cast<double>(channels);
        }
        for (std::size_t c = 0; c < normal.size(); ++c)
            in_gradient.push_back((inner[c] - normal[c] * along) / std::sqrt(power));
    }
    const NormResult found = norm(in, scale, gradient, 1);
    CHECK_BELOW(away(found.out, out), rounding);
    CHECK_BELOW(away(found.in_gradient, in_gradient), rounding);
    CHECK_BELOW(away(found.scale_gradient, scale_gradient), 2e-4);
    CHECK(norm(in, scale, gradient, 2) == found);
}

struct InstanceResult {
    Halves out, in_gradient;
    Floats mean, inverse, weight_gradient, bias_gradient;
    bool operator==(const InstanceResult&) const = default;
};

InstanceResult instance(const Halves& in, const Floats& weight, const Floats& bias, float slope, const Halves& gradient,
                        layers::Images size, int threads) {
    const std::size_t all = static_cast<std::size_t>(size.batch * size.channels), channels = weight.size();
    InstanceResult r{Halves(in.size()), Halves(in.size()), Floats(all),
                     Floats(all),       Floats(channels),  Floats(channels)};
    layers::instance_norm(in.data(), weight.data(), bias.data(), slope, size, r.out.data(), r.mean.data(),
                          r.inverse.data(), threads);
    layers::instance_norm_backward(in.data(), weight.data(), bias.data(), slope, r.mean.data(), r.inverse.data(),
                                   gradient.data(), size, r.in_gradient.data(), r.weight_gradient.data(),
                                   r.bias_gradient.data(), threads);
    return r;
}

void test_instance_norm(layers::Images size, float slope) {
    const std::int64_t count = size.batch * size.pixels * size.channels;
    // Far from zero: a sum of squares less the square of the sum would lose the variance.
    const Halves in = halves(count, 4, 2.0F, 9.0F), gradient = halves(count, 5);
    const Floats weight = around_one(size.channels, 6),
                 bias = signals::noise(static_cast<std::size_t>(size.channels), 7);
    const auto channels = static_cast<std::size_t>(size.channels);
    const double share = 1.0 / static_cast<double>(size.pixels);
    Doubles out(in.size()), in_gradient(in.size()), weight_gradient(channels), bias_gradient(channels);
    for (std::int64_t b = 0; b < size.batch; ++b)
        for (std::size_t c = 0; c < channels; ++c) {
            const auto at = [&](std::int64_t p) {
                return static_cast<std::size_t>((b * size.pixels + p) * size.channels) + c;
            };
            double mean = 0, variance = 0, of_bias = 0, of_weight = 0;
            for (std::int64_t p = 0; p < size.pixels; ++p) mean += value(in[at(p)]) * share;
            for (std::int64_t p = 0; p < size.pixels; ++p) variance += std::pow(value(in[at(p)]) - mean, 2) * share;
            const double inverse = 1 / std::sqrt(variance + layers::instance_norm_epsilon);
            Doubles g, normal;
            for (std::int64_t p = 0; p < size.pixels; ++p) {
                normal.push_back((value(in[at(p)]) - mean) * inverse);
                const double v = normal.back() * weight[c] + bias[c];
                out[at(p)] = v > 0 ? v : slope * v;
                g.push_back(value(gradient[at(p)]) * (v > 0 ? 1 : slope));
                of_bias += g.back();
                of_weight += g.back() * normal.back();
            }
            bias_gradient[c] += of_bias;
            weight_gradient[c] += of_weight;
            for (std::int64_t p = 0; p < size.pixels; ++p) {
                const auto i = static_cast<std::size_t>(p);
                in_gradient[at(p)] = weight[c] * inverse * (g[i] - of_bias * share - normal[i] * of_weight * share);
            }
        }
    const InstanceResult found = instance(in, weight, bias, slope, gradient, size, 1);
    CHECK_BELOW(away(found.out, out), rounding);
    CHECK_BELOW(away(found.in_gradient, in_gradient), rounding);
    CHECK_BELOW(away(found.weight_gradient, weight_gradient), 1e-4);
    CHECK_BELOW(away(found.bias_gradient, bias_gradient), 1e-4);
    CHECK(instance(in, weight, bias, slope, gradient, size, 2) == found);
}

void test_extremes() {
    const float nan = std::nanf("");
    const auto bits = [](float v) { return static_cast<Half>(std::bit_cast<std::uint32_t>(v) >> 16U); };
    // Digital silence, values beyond the range of exp, and what is no number, which must not become one.
    Halves in(64, 0);
    for (int c = 0; c < 8; ++c) in[static_cast<std::size_t>(8 + c)] = bits(c % 2 != 0 ? 1e30F : -1e30F);
    in[16] = bits(nan);
    const Floats scale(8, 1000.0F);
    const NormResult found = norm(in, scale, Halves(64, bits(1.0F)), 1);
    for (std::size_t i = 0; i < 8; ++i) CHECK(value(found.out[i]) == 0);
    for (std::size_t i = 0; i < 8; ++i) CHECK(std::isfinite(value(found.in_gradient[i])));
    CHECK(value(found.out[8]) == 0);
    CHECK(std::isnan(value(found.out[16])) && std::isnan(value(found.in_gradient[16])));
    CHECK(value(found.out[24]) == 0);
}

// Nothing would be written for as many channels as no kernel is made for.
void test_other_channels() {
    for (const std::int64_t channels : {std::int64_t{1}, std::int64_t{24}, 2 * layers::most_norm_channels}) {
        const Floats scale(static_cast<std::size_t>(channels));
        const Halves in(scale.size());
        bool refused = false;
        try {
            norm(in, scale, in, 1);
        } catch (const std::invalid_argument&) {
            refused = true;
        }
        CHECK(refused);
    }
}

}  // namespace

int main() {
    test_other_channels();
    for (const std::string& variant : available_variants()) {
        select_variant(variant);
        for (std::int64_t channels = 2; channels <= layers::most_norm_channels; channels *= 2)
            test_norm_silu(37, channels);
        test_norm_silu(40001, 8);  // enough for several threads and stretches, and a last vector that is not full
        for (const float slope : {0.0F, 0.2F, 1.0F}) {
            test_instance_norm({2, 35, 16}, slope);
            test_instance_norm({1, 7, 144}, slope);
        }
        test_instance_norm({2, 3001, 64}, 0.0F);
        test_extremes();
    }
    return check::result();
}
