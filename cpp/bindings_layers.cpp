// The layers as Python sees them: bfloat16 as uint16, [pixels, channels] or [batch, pixels, channels], C-contiguous.
// styleshift/networks/kernels.py makes these of tensors.
#include "bindings_layers.hpp"

#include <pybind11/numpy.h>

#include <stdexcept>
#include <string>

#include "styleshift/layers.hpp"

namespace py = pybind11;
using namespace styleshift;

namespace {

using Halves = py::array_t<std::uint16_t, py::array::c_style>;
using Floats = py::array_t<float, py::array::c_style>;

void check(bool right, const std::string& what) {
    if (!right) throw std::invalid_argument("layers: " + what);
}

template <class Array>
bool same_shape(const Array& one, const Array& other) {
    if (one.ndim() != other.ndim()) return false;
    for (py::ssize_t axis = 0; axis < one.ndim(); ++axis)
        if (one.shape(axis) != other.shape(axis)) return false;
    return true;
}

void check_rows(const Halves& in) { check(in.ndim() == 2, "rows must be [pixels, channels]"); }

layers::Images images_of(const Halves& in) {
    check(in.ndim() == 3, "images must be [batch, pixels, channels]");
    check(in.shape(0) > 0 && in.shape(1) > 0, "images must not be empty");
    check(in.shape(2) > 0 && in.shape(2) % layers::instance_norm_multiple == 0,
          "channels must be a multiple of " + std::to_string(layers::instance_norm_multiple));
    return {in.shape(0), in.shape(1), in.shape(2)};
}

void norm_silu(const Halves& in, const Floats& scale, Halves& out, int threads) {
    check_rows(in);
    check(same_shape(in, out) && scale.size() == in.shape(1), "shapes differ");
    std::uint16_t* made = out.mutable_data();
    const py::gil_scoped_release unlocked;
    layers::norm_silu(in.data(), scale.data(), in.shape(0), in.shape(1), made, threads);
}

void norm_silu_backward(const Halves& in, const Floats& scale, const Halves& gradient, Halves& in_gradient,
                        Floats& scale_gradient, int threads) {
    check_rows(in);
    check(same_shape(in, gradient) && same_shape(in, in_gradient) && scale.size() == in.shape(1) &&
              scale_gradient.size() == in.shape(1),
          "shapes differ");
    std::uint16_t* made = in_gradient.mutable_data();
    float* of_scale = scale_gradient.mutable_data();
    const py::gil_scoped_release unlocked;
    layers::norm_silu_backward(in.data(), scale.data(), gradient.data(), in.shape(0), in.shape(1), made, of_scale,
                               threads);
}

void instance_norm(const Halves& in, const Floats& weight, const Floats& bias, float slope, Halves& out, Floats& mean,
                   Floats& inverse, int threads) {
    const layers::Images size = images_of(in);
    const py::ssize_t channels = in.shape(2), all = in.shape(0) * channels;
    check(same_shape(in, out) && weight.size() == channels && bias.size() == channels && mean.size() == all &&
              inverse.size() == all,
          "shapes differ");
    std::uint16_t* made = out.mutable_data();
    float *means = mean.mutable_data(), *inverses = inverse.mutable_data();
    const py::gil_scoped_release unlocked;
    layers::instance_norm(in.data(), weight.data(), bias.data(), slope, size, made, means, inverses, threads);
}

void instance_norm_backward(const Halves& in, const Floats& weight, const Floats& bias, float slope, const Floats& mean,
                            const Floats& inverse, const Halves& gradient, Halves& in_gradient, Floats& weight_gradient,
                            Floats& bias_gradient, int threads) {
    const layers::Images size = images_of(in);
    const py::ssize_t channels = in.shape(2), all = in.shape(0) * channels;
    check(same_shape(in, gradient) && same_shape(in, in_gradient) && weight.size() == channels &&
              bias.size() == channels && weight_gradient.size() == channels && bias_gradient.size() == channels &&
              mean.size() == all && inverse.size() == all,
          "shapes differ");
    std::uint16_t* made = in_gradient.mutable_data();
    float *of_weight = weight_gradient.mutable_data(), *of_bias = bias_gradient.mutable_data();
    const py::gil_scoped_release unlocked;
    layers::instance_norm_backward(in.data(), weight.data(), bias.data(), slope, mean.data(), inverse.data(),
                                   gradient.data(), size, made, of_weight, of_bias, threads);
}

}  // namespace

void bind_layers(py::module_& module) {
    module.attr("least_norm_channels") = layers::least_norm_channels;
    module.attr("most_norm_channels") = layers::most_norm_channels;
    module.attr("instance_norm_multiple") = layers::instance_norm_multiple;
    module.attr("channel_norm_epsilon") = layers::channel_norm_epsilon;
    module.attr("instance_norm_epsilon") = layers::instance_norm_epsilon;
    // Results are written into arrays that are given: a converted copy would take them in vain.
    const auto as_is = [](const char* name) { return py::arg(name).noconvert(); };
    module.def("norm_silu", norm_silu, as_is("rows"), as_is("scale"), as_is("out"), py::arg("threads"));
    module.def("norm_silu_backward", norm_silu_backward, as_is("rows"), as_is("scale"), as_is("gradient"),
               as_is("rows_gradient"), as_is("scale_gradient"), py::arg("threads"));
    module.def("instance_norm", instance_norm, as_is("images"), as_is("weight"), as_is("bias"), py::arg("slope"),
               as_is("out"), as_is("mean"), as_is("inverse"), py::arg("threads"));
    module.def("instance_norm_backward", instance_norm_backward, as_is("images"), as_is("weight"), as_is("bias"),
               py::arg("slope"), as_is("mean"), as_is("inverse"), as_is("gradient"), as_is("images_gradient"),
               as_is("weight_gradient"), as_is("bias_gradient"), py::arg("threads"));
}
