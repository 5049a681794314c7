#include "styleshift/layers.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "layers/table.hpp"
#include "parallel.hpp"
#include "styleshift/simd.hpp"

namespace styleshift::layers {
namespace {

constexpr std::int64_t values_in_stretch = 32768;       // 64 KiB: in the second-level cache from pass to pass
constexpr std::int64_t worth_threads = std::int64_t{1} << 18;  // values; a thread takes 30 us to start and join

const Table& table() {
    const std::string name = chosen_variant();
#ifdef STYLESHIFT_X86_VARIANTS
    // Unlike the front end's, these use AVX-512 BF16.
    if (name == "avx512") return __builtin_cpu_supports("avx512bf16") ? avx512::layer_kernels() : avx2::layer_kernels();
    if (name == "avx2") return avx2::layer_kernels();
#endif
    return baseline::layer_kernels();
}

// Rows of an image, cut into stretches; results of one stretch do not depend on others.
struct Stretches {
    std::int64_t pixels, length, count;

    Stretches(std::int64_t pixels_, std::int64_t channels)
        : pixels(pixels_),
          length(std::max<std::int64_t>(1, values_in_stretch / channels)),
          count((pixels + length - 1) / length) {}
    std::int64_t begin(std::int64_t i) const { return i * length; }
    std::int64_t size(std::int64_t i) const { return std::min(length, pixels - i * length); }
};

template <class F>
void each(int threads, std::int64_t items, std::int64_t values, F&& f) {
    parallel_for(values < worth_threads ? 1 : threads, items, [&] { return [&](std::int64_t i) { f(i); }; });
}

using Floats = std::vector<float>;

// sum[c] += partial[row][c] over rows, in float64.
void add_up(const float* partial, std::int64_t rows, std::int64_t channels, double* sum) {
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < channels; ++c) sum[c] += partial[r * channels + c];
}

// No kernel would be found for others, and nothing written.
void check_norm_channels(std::int64_t channels) {
    if (channels < least_norm_channels || channels > most_norm_channels || (channels & (channels - 1)) != 0)
        throw std::invalid_argument("layers: channels is " + std::to_string(channels) +
                                    "; it must be a power of two from " + std::to_string(least_norm_channels) + " to " +
                                    std::to_string(most_norm_channels));
}

}  // namespace

void norm_silu(const Half* in, const float* scale, std::int64_t pixels, std::int64_t channels, Half* out, int threads) {
    check_norm_channels(channels);
    const Table& kernels = table();
    const Stretches stretches(pixels, channels);
    each(threads, stretches.count, pixels * channels, [&](std::int64_t i) {
        const std::int64_t at = stretches.begin(i) * channels;
        kernels.norm_silu(in + at, scale, stretches.size(i), channels, out + at);
    });
}

void norm_silu_backward(const Half* in, const float* scale, const Half* gradient, std::int64_t pixels,
                        std::int64_t channels, Half* in_gradient, float* scale_gradient, int threads) {
    check_norm_channels(channels);
    const Table& kernels = table();
    const Stretches stretches(pixels, channels);
    Floats partial(static_cast<std::size_t>(stretches.count * channels));
    each(threads, stretches.count, pixels * channels, [&](std::int64_t i) {
        const std::int64_t at = stretches.begin(i) * channels;
        kernels.norm_silu_backward(in + at, scale, gradient + at, stretches.size(i), channels, in_gradient + at,
                                   partial.data() + i * channels);
    });
    std::vector<double> sum(static_cast<std::size_t>(channels));
    add_up(partial.data(), stretches.count, channels, sum.data());
    std::copy(sum.begin(), sum.end(), scale_gradient);
}

void instance_norm(const Half* in, const float* weight, const float* bias, float slope, Images size, Half* out,
                   float* mean, float* inverse, int threads) {
    const std::int64_t batch = size.batch, pixels = size.pixels, channels = size.channels;
    const Table& kernels = table();
    const Stretches stretches(pixels, channels);
    const std::int64_t items = batch * stretches.count, values = batch * pixels * channels;
    Floats means(static_cast<std::size_t>(items * channels)), squares(means.size());
    each(threads, items, values, [&](std::int64_t i) {
        const std::int64_t part = i % stretches.count;
        const std::int64_t at = (i / stretches.count * pixels + stretches.begin(part)) * channels;
        kernels.moments(in + at, stretches.size(part), channels, means.data() + i * channels,
                        squares.data() + i * channels);
    });
    Floats factor(static_cast<std::size_t>(batch * channels)), offset(factor.size());
    for (std::int64_t b = 0; b < batch; ++b)
        for (std::int64_t c = 0; c < channels; ++c) {
            // Chan, Golub and LeVeque 1983: the moments of all from those of the stretches.
            double count = 0, middle = 0, square = 0;
            for (std::int64_t s = 0; s < stretches.count; ++s) {
                const std::int64_t at = (b * stretches.count + s) * channels + c;
                const auto more = static_cast<double>(stretches.size(s));
                const double away = means[at] - middle;
                square += squares[at] + away * away * count * more / (count + more);
                middle += away * more / (count + more);
                count += more;
            }
            const std::int64_t at = b * channels + c;
            const double over = 1.0 / std::sqrt(square / count + instance_norm_epsilon);
            mean[at] = static_cast<float>(middle);
            inverse[at] = static_cast<float>(over);
            factor[at] = static_cast<float>(weight[c] * over);
            offset[at] = static_cast<float>(bias[c] - middle * weight[c] * over);
        }
    each(threads, items, values, [&](std::int64_t i) {
        const std::int64_t b = i / stretches.count, part = i % stretches.count;
        const std::int64_t at = (b * pixels + stretches.begin(part)) * channels;
        kernels.affine(in + at, factor.data() + b * channels, offset.data() + b * channels, slope, stretches.size(part),
                       channels, out + at);
    });
}

void instance_norm_backward(const Half* in, const float* weight, const float* bias, float slope, const float* mean,
                            const float* inverse, const Half* gradient, Images size, Half* in_gradient,
                            float* weight_gradient, float* bias_gradient, int threads) {
    const std::int64_t batch = size.batch, pixels = size.pixels, channels = size.channels;
    const Table& kernels = table();
    const Stretches stretches(pixels, channels);
    const std::int64_t items = batch * stretches.count, values = batch * pixels * channels;
    Floats factor(static_cast<std::size_t>(batch * channels)), offset(factor.size()), times(factor.size()),
        rest(factor.size());
    for (std::int64_t b = 0; b < batch; ++b)
        for (std::int64_t c = 0; c < channels; ++c) {
            const std::int64_t at = b * channels + c;
            factor[at] = weight[c] * inverse[at];
            offset[at] = bias[c] - mean[at] * factor[at];
        }
    Floats sums(static_cast<std::size_t>(items * channels)), products(sums.size());
    each(threads, items, values, [&](std::int64_t i) {
        const std::int64_t b = i / stretches.count, part = i % stretches.count;
        const std::int64_t at = (b * pixels + stretches.begin(part)) * channels;
        kernels.affine_sums(in + at, factor.data() + b * channels, offset.data() + b * channels, mean + b * channels,
                            slope, gradient + at, stretches.size(part), channels, sums.data() + i * channels,
                            products.data() + i * channels);
    });
    std::vector<double> of_weight(static_cast<std::size_t>(channels)), of_bias(of_weight.size());
    for (std::int64_t b = 0; b < batch; ++b) {
        std::vector<double> sum(static_cast<std::size_t>(channels)), product(sum.size());
        add_up(sums.data() + b * stretches.count * channels, stretches.count, channels, sum.data());
        add_up(products.data() + b * stretches.count * channels, stretches.count, channels, product.data());
        for (std::int64_t c = 0; c < channels; ++c) {
            const std::int64_t at = b * channels + c;
            const double by = factor[at], over = inverse[at], all = static_cast<double>(pixels);
            of_bias[c] += sum[c];
            of_weight[c] += product[c] * over;
            // dL/dx = factor (g - mean(g) - n mean(g n)), n = (x - mean) / deviation, as factor g + times x + rest.
            const double slope_of_x = -by * product[c] * over * over / all;
            times[at] = static_cast<float>(slope_of_x);
            rest[at] = static_cast<float>(-by * sum[c] / all - slope_of_x * mean[at]);
        }
    }
    std::copy(of_weight.begin(), of_weight.end(), weight_gradient);
    std::copy(of_bias.begin(), of_bias.end(), bias_gradient);
    each(threads, items, values, [&](std::int64_t i) {
        const std::int64_t b = i / stretches.count, part = i % stretches.count;
        const std::int64_t at = (b * pixels + stretches.begin(part)) * channels, row = b * channels;
        kernels.affine_backward(in + at, factor.data() + row, offset.data() + row, slope, gradient + at,
                                times.data() + row, rest.data() + row, stretches.size(part), channels,
                                in_gradient + at);
    });
}

}  // namespace styleshift::layers
