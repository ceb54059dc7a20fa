// Runs the kernel in `kernel.h` on the cases of the file that is named first, and writes what it
// computes to the second. The test that wrote the cases reads them.
#include "plane.h"

#include "kernel.h"

#include <fstream>

struct Case {
  uint32_t cubes[3], threads, backwards, copies_late, tensors, wholes, floats;
};

// Each tensor has exactly its own memory, so that a sanitizer sees what reads past its end.
struct Tensor {
  std::vector<uint32_t> shape;
  std::vector<char> memory;
  bool given;
};

template <class T> static bool read(std::ifstream &in, T *to, size_t count = 1) {
  return bool(in.read(reinterpret_cast<char *>(to), count * sizeof(T)));
}

template <class T> static std::vector<T> read_all(std::ifstream &in, size_t count) {
  std::vector<T> numbers(count);
  read(in, numbers.data(), count);
  return numbers;
}

static Tensor read_tensor(std::ifstream &in) {
  uint32_t head[3];
  read(in, head, 3);
  auto [width, given, rank] = head;
  Tensor tensor{read_all<uint32_t>(in, rank), {}, given != 0};
  size_t bytes = width;
  for (uint32_t length : tensor.shape) bytes *= length;
  tensor.memory.assign(bytes, char(0xff));
  if (given) read(in, tensor.memory.data(), bytes);
  return tensor;
}

template <class... A>
static void call(void (*kernel)(A...), std::vector<Tensor> &tensors, const uint32_t *meta,
                 const info_st &info) {
  [&]<size_t... I>(std::index_sequence<I...>) {
    kernel(reinterpret_cast<std::tuple_element_t<I, std::tuple<A...>>>(tensors[I].memory.data())...,
           meta, info);
  }(std::make_index_sequence<sizeof...(A) - 2>());
}

// How CubeCL passes shapes, strides and numbers: found by reading what it emits. A kernel without
// numbers of a kind has no place for them.
template <class Info>
static Info describe(const std::vector<Tensor> &tensors, const std::vector<uint32_t> &wholes,
                     const std::vector<float> &floats, std::vector<uint32_t> &meta) {
  Info info{};
  size_t count = tensors.size();
  for (size_t tensor = 0; tensor < count; ++tensor) {
    info.static_meta[count + tensor] = meta.size();
    const auto &shape = tensors[tensor].shape;
    meta.insert(meta.end(), shape.begin(), shape.end());
  }
  for (size_t tensor = 0; tensor < count; ++tensor) {
    info.static_meta[2 * count + tensor] = meta.size();
    const auto &shape = tensors[tensor].shape;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      uint32_t stride = 1;
      for (size_t i = axis + 1; i < shape.size(); ++i) stride *= shape[i];
      meta.push_back(stride);
    }
  }
  if constexpr (requires { info.scalars_usize; })
    for (size_t i = 0; i < wholes.size(); ++i) info.scalars_usize[2 * count + i] = wholes[i];
  if constexpr (requires { info.scalars_f32; })
    for (size_t i = 0; i < floats.size(); ++i) info.scalars_f32[i] = floats[i];
  return info;
}

int main(int, char **arguments) {
  std::ifstream in(arguments[1], std::ios::binary);
  std::ofstream out(arguments[2], std::ios::binary);
  Case one;
  while (read(in, &one)) {
    auto wholes = read_all<uint32_t>(in, one.wholes);
    auto floats = read_all<float>(in, one.floats);
    std::vector<Tensor> tensors;
    for (uint32_t i = 0; i < one.tensors; ++i) tensors.push_back(read_tensor(in));
    std::vector<uint32_t> meta;
    info_st info = describe<info_st>(tensors, wholes, floats, meta);
    shim::copies_late = one.copies_late;
    shim::conflicts = 0;
    for (unsigned z = 0; z < one.cubes[2]; ++z)
      for (unsigned y = 0; y < one.cubes[1]; ++y)
        for (unsigned x = 0; x < one.cubes[0]; ++x) {
          blockIdx = {x, y, z};
          shim::run_cube(one.threads, one.backwards, [&] { call(KERNEL, tensors, meta.data(), info); });
        }
    for (const Tensor &tensor : tensors)
      if (!tensor.given) out.write(tensor.memory.data(), tensor.memory.size());
    uint32_t conflicts = shim::conflicts;
    out.write(reinterpret_cast<char *>(&conflicts), 4);
  }
}
