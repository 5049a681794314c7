// With bindings_layers.cpp the only file that knows Python. There are two because the front end and the layers of
// training share nothing but the module, and a change of one need not compile the other. styleshift/frontend checks
// every value; here arrays become pointers, and the interpreter's lock is released while the library computes.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <complex>
#include <memory>
#include <optional>

#include <string>
#include <vector>

#include "bindings_layers.hpp"
#include "styleshift/mixdown.hpp"
#include "styleshift/phase.hpp"
#include "styleshift/plan.hpp"
#include "styleshift/result_memory.hpp"
#include "styleshift/simd.hpp"
#include "styleshift/streaming.hpp"
#include "styleshift/transform.hpp"

namespace py = pybind11;
using namespace styleshift;

namespace {

template <class Enum>
Enum pick(const char* what, const std::string& name, std::initializer_list<std::pair<const char*, Enum>> choices) {
    std::string all;
    for (const auto& [word, value] : choices) {
        if (name == word) return value;
        all += (all.empty() ? "" : ", ") + std::string(word);
    }
    throw std::invalid_argument(std::string(what) + " is '" + name + "'; it may be " + all);
}

Plan make_plan(std::int64_t frame_length, std::int64_t hop_length, std::int64_t fft_length, const std::string& window,
               bool center) {
    return Plan({frame_length, hop_length, fft_length,
                 pick<Window>("window", window,
                              {{"hann", Window::hann},
                               {"hamming", Window::hamming},
                               {"blackman", Window::blackman},
                               {"gaussian", Window::gaussian},
                               {"sqrt_hann", Window::sqrt_hann},
                               {"rectangular", Window::rectangular}}),
                 center});
}

CompressionSettings make_compression(const std::string& kind, double gain, double floor, int power, double mean,
                                     double scale) {
    return {pick<Compression>("compression", kind,
                              {{"none", Compression::none}, {"log1p", Compression::log1p}, {"log", Compression::log}}),
            static_cast<float>(gain),
            static_cast<float>(floor),
            power,
            static_cast<float>(mean),
            static_cast<float>(scale)};
}

SampleType sample_type(const py::array& a) {
    if (py::isinstance<py::array_t<float>>(a)) return SampleType::float32;
    if (py::isinstance<py::array_t<double>>(a)) return SampleType::float64;
    if (py::isinstance<py::array_t<std::int16_t>>(a)) return SampleType::int16;
    throw std::invalid_argument("samples must be float32, float64 or int16");
}

// One Signal for each row of a [rows, samples] array of any strides.
std::vector<Signal> signals_of(const py::array& samples) {
    if (samples.ndim() != 2) throw std::invalid_argument("samples must have two axes here");
    std::vector<Signal> signals;
    const SampleType type = sample_type(samples);
    for (py::ssize_t r = 0; r < samples.shape(0); ++r)
        signals.push_back({static_cast<const char*>(samples.data()) + r * samples.strides(0), type, samples.strides(1),
                           0, samples.shape(1)});
    return signals;
}

template <class T>
using Contiguous = py::array_t<T, py::array::c_style>;

using Complex64 = std::complex<float>;

// An array without content; large ones are in memory that is used again.
py::array new_array(const std::vector<py::ssize_t>& shape, const py::dtype& type) {
    std::size_t bytes = static_cast<std::size_t>(type.itemsize());
    for (const py::ssize_t n : shape) bytes *= static_cast<std::size_t>(n);
    if (bytes < result_memory_smallest) return py::array(type, shape);
    void* data = take_result_memory(bytes);
    return py::array(type, shape, data, py::capsule(data, [](void* block) { give_result_memory(block); }));
}

void check_rows(const Plan& plan, const py::array& rows, const char* name) {
    if (rows.ndim() != 3 || rows.shape(2) != plan.bins())
        throw std::invalid_argument(std::string(name) + " must be [rows, frames, bins] here");
}

// A writable C-contiguous array of this type and shape, checked again here because it is written to.
template <class T>
T* checked_out(Contiguous<T>& out, std::initializer_list<std::int64_t> shape) {
    if (out.ndim() != static_cast<py::ssize_t>(shape.size()) || !std::equal(shape.begin(), shape.end(), out.shape()))
        throw std::invalid_argument("out has the wrong shape");
    return out.mutable_data();
}

void py_stft(const Plan& plan, const py::array& samples, Contiguous<Complex64>& out, int threads) {
    const std::vector<Signal> signals = signals_of(samples);
    const std::int64_t frames = plan.frames(samples.shape(1)), bins = plan.bins();
    auto* data = reinterpret_cast<float*>(checked_out(out, {samples.shape(0), frames, bins}));
    const py::gil_scoped_release unlocked;
    stft(plan, signals, {0, frames}, {data, 2 * frames * bins, 2 * bins}, threads);
}

// out: float32, or float16 seen as uint16.
template <class T>
void py_spectrogram(const Plan& plan, const CompressionSettings& c, const py::array& samples, Contiguous<T>& out,
                    int threads) {
    const std::vector<Signal> signals = signals_of(samples);
    const std::int64_t frames = plan.frames(samples.shape(1)), bins = plan.bins();
    T* data = checked_out(out, {samples.shape(0), frames, bins});
    const py::gil_scoped_release unlocked;
    spectrogram(plan, c, signals, {0, frames}, Frames<T>{data, frames * bins, bins}, threads);
}

void py_istft(const Plan& plan, const Contiguous<Complex64>& spectrum, Contiguous<float>& out, int threads) {
    check_rows(plan, spectrum, "spectrum");
    const std::int64_t rows = spectrum.shape(0), frames = spectrum.shape(1), bins = plan.bins();
    const std::int64_t length = out.ndim() == 2 ? out.shape(1) : 0;
    float* data = checked_out(out, {rows, length});
    const auto* from = reinterpret_cast<const float*>(spectrum.data());
    const py::gil_scoped_release unlocked;
    istft(plan, {from, 2 * frames * bins, 2 * bins}, rows, frames, data, length, length, threads);
}

Contiguous<float> py_griffin_lim(const Plan& plan, const Contiguous<float>& magnitude,
                                 const std::optional<Contiguous<Complex64>>& initial, int iterations, float momentum,
                                 std::uint64_t seed, float least_gain, std::int64_t length, int threads) {
    check_rows(plan, magnitude, "magnitude");
    const std::int64_t rows = magnitude.shape(0), frames = magnitude.shape(1), bins = plan.bins();
    if (initial) {
        check_rows(plan, *initial, "initial_phase");
        if (initial->shape(0) != rows || initial->shape(1) != frames)
            throw std::invalid_argument("initial_phase must have the shape of magnitude");
    }
    Contiguous<float> out({rows, length});
    float* data = out.mutable_data();
    const Frames<const float> goal{magnitude.data(), frames * bins, bins};
    const Frames<const float> start{initial ? reinterpret_cast<const float*>(initial->data()) : nullptr,
                                    2 * frames * bins, 2 * bins};
    const py::gil_scoped_release unlocked;
    griffin_lim(plan, {iterations, momentum, seed, least_gain}, goal, start, rows, frames, data, length, length,
                threads);
    return out;
}

Contiguous<Complex64> py_pghi(const Plan& plan, const Contiguous<float>& magnitude, float tolerance, bool real_time,
                              std::uint64_t seed, int threads) {
    check_rows(plan, magnitude, "magnitude");
    const std::int64_t rows = magnitude.shape(0), frames = magnitude.shape(1), bins = plan.bins();
    Contiguous<Complex64> out({rows, frames, bins});
    auto* data = reinterpret_cast<float*>(out.mutable_data());
    const Frames<const float> goal{magnitude.data(), frames * bins, bins};
    const py::gil_scoped_release unlocked;
    pghi(plan, {tolerance, real_time, seed}, goal, rows, frames, {data, 2 * frames * bins, 2 * bins}, threads);
    return out;
}

void py_push(AnalysisStream& stream, const py::array& samples) {
    const std::vector<Signal> signals = signals_of(samples);
    if (static_cast<std::int64_t>(signals.size()) != stream.channels())
        throw std::invalid_argument("block has the wrong number of channels");
    const py::gil_scoped_release unlocked;
    stream.push(signals);
}

Contiguous<Complex64> py_take_complex(AnalysisStream& stream) {
    const std::int64_t frames = stream.ready(), bins = stream.plan().bins();
    Contiguous<Complex64> out({stream.channels(), frames, bins});
    auto* data = reinterpret_cast<float*>(out.mutable_data());
    const py::gil_scoped_release unlocked;
    stream.take_complex({data, 2 * frames * bins, 2 * bins});
    return out;
}

template <class T>
Contiguous<T> py_take(AnalysisStream& stream, const CompressionSettings& c) {
    const std::int64_t frames = stream.ready(), bins = stream.plan().bins();
    Contiguous<T> out({stream.channels(), frames, bins});
    T* data = out.mutable_data();
    const py::gil_scoped_release unlocked;
    stream.take(c, Frames<T>{data, frames * bins, bins});
    return out;
}

Contiguous<float> py_push_frames(SynthesisStream& stream, const Contiguous<Complex64>& spectrum) {
    check_rows(stream.plan(), spectrum, "spectrum");
    if (spectrum.shape(0) != stream.channels())
        throw std::invalid_argument("spectrum has the wrong number of channels");
    const std::int64_t frames = spectrum.shape(1), bins = stream.plan().bins();
    const std::int64_t samples = stream.push_gives(frames);
    Contiguous<float> out({stream.channels(), samples});
    float* data = out.mutable_data();
    const auto* from = reinterpret_cast<const float*>(spectrum.data());
    const py::gil_scoped_release unlocked;
    stream.push({from, 2 * frames * bins, 2 * bins}, frames, data, samples);
    return out;
}

Contiguous<float> py_finish_frames(SynthesisStream& stream) {
    const std::int64_t samples = stream.finish_gives();
    Contiguous<float> out({stream.channels(), samples});
    float* data = out.mutable_data();
    const py::gil_scoped_release unlocked;
    stream.finish(data, samples);
    return out;
}

Contiguous<float> py_mix(Mixdown& mixdown, const Contiguous<float>& block) {
    if (block.ndim() != 2 || block.shape(1) != mixdown.channels())
        throw std::invalid_argument("block must be [frames, channels] here");
    const std::int64_t frames = block.shape(0);
    Contiguous<float> out(mixdown.push_gives(frames));
    const float* from = block.data();
    float* to = out.mutable_data();
    const py::gil_scoped_release unlocked;
    mixdown.push(from, frames, to);
    return out;
}

Contiguous<float> py_finish_mix(Mixdown& mixdown) {
    Contiguous<float> out(mixdown.finish_gives());
    float* to = out.mutable_data();
    const py::gil_scoped_release unlocked;
    mixdown.finish(to);
    return out;
}

template <auto function>
Contiguous<float> elementwise(const CompressionSettings& c, const Contiguous<float>& in, int threads) {
    Contiguous<float> out(std::vector<py::ssize_t>(in.shape(), in.shape() + in.ndim()));
    const float* from = in.data();
    float* to = out.mutable_data();
    const std::int64_t count = in.size();
    const py::gil_scoped_release unlocked;
    function(c, from, count, to, threads);
    return out;
}

}  // namespace

PYBIND11_MODULE(_native, m) {
    m.doc() = "Native front end and layers of styleshift; use styleshift.frontend and styleshift.networks.";

    py::class_<Plan, std::shared_ptr<Plan>>(m, "Plan")
        .def(py::init(&make_plan), py::arg("frame_length"), py::arg("hop_length"), py::arg("fft_length"),
             py::arg("window"), py::arg("center"))
        .def("frames", &Plan::frames)
        .def("samples", &Plan::samples)
        .def("gaussian_gamma", &gaussian_gamma);
    py::class_<CompressionSettings>(m, "Compression")
        .def(py::init(&make_compression), py::arg("kind"), py::arg("gain"), py::arg("floor"), py::arg("power"),
             py::arg("mean"), py::arg("scale"));

    py::class_<AnalysisStream>(m, "AnalysisStream")
        .def(py::init([](std::shared_ptr<Plan> plan, std::int64_t channels, int threads) {
            return std::make_unique<AnalysisStream>(std::move(plan), channels, threads);
        }))
        .def("push", &py_push)
        .def("finish", &AnalysisStream::finish)
        .def("take_complex", &py_take_complex)
        .def("take_float32", &py_take<float>)
        .def("take_float16", &py_take<std::uint16_t>);
    py::class_<SynthesisStream>(m, "SynthesisStream")
        .def(py::init([](std::shared_ptr<Plan> plan, std::int64_t channels, std::int64_t length, int threads) {
            return std::make_unique<SynthesisStream>(std::move(plan), channels, length, threads);
        }))
        .def("push", &py_push_frames)
        .def("finish", &py_finish_frames);

    py::class_<RateChange, std::shared_ptr<RateChange>>(m, "RateChange")
        .def(py::init<std::int64_t, std::int64_t>())
        .def_static("possible", &RateChange::possible);
    py::class_<Mixdown>(m, "Mixdown")
        .def(py::init([](std::shared_ptr<RateChange> change, std::int64_t channels) {
            return std::make_unique<Mixdown>(std::move(change), channels);
        }))
        .def("push", &py_mix)
        .def("finish", &py_finish_mix)
        .def_property_readonly("mixed_power", &Mixdown::mixed_power)
        .def_property_readonly("channel_power", &Mixdown::channel_power);

    // noconvert: a converted copy of `out` would be written in vain.
    m.def("stft", &py_stft, py::arg("plan"), py::arg("samples"), py::arg("out").noconvert(), py::arg("threads"));
    m.def("spectrogram_float32", &py_spectrogram<float>, py::arg("plan"), py::arg("compression"), py::arg("samples"),
          py::arg("out").noconvert(), py::arg("threads"));
    m.def("spectrogram_float16", &py_spectrogram<std::uint16_t>, py::arg("plan"), py::arg("compression"),
          py::arg("samples"), py::arg("out").noconvert(), py::arg("threads"));
    m.def("istft", &py_istft, py::arg("plan"), py::arg("spectrum"), py::arg("out").noconvert(), py::arg("threads"));
    m.def("griffin_lim", &py_griffin_lim);
    m.def("pghi", &py_pghi);
    m.def("compress", &elementwise<compress>);
    m.def("expand", &elementwise<expand>);

    bind_layers(m);

    m.def("new_array", &new_array);
    m.def("drop_result_memory", &drop_result_memory);
    m.def("kept_result_memory", &kept_result_memory);
    m.def("available_variants", &available_variants);
    m.def("compiled_variants", &compiled_variants);
    m.def("chosen_variant", &chosen_variant);
    m.def("select_variant", &select_variant);
    py::dict build;
    build["compiler"] = STYLESHIFT_COMPILER;
    build["flags"] = STYLESHIFT_FLAGS;
    build["avx2_flags"] = STYLESHIFT_AVX2_FLAGS;
    build["avx512_flags"] = STYLESHIFT_AVX512_FLAGS;
    build["sanitizer"] = STYLESHIFT_SANITIZER;
    m.attr("build") = build;
}
