// Runs the kernel in `kernel.h` on the cases of the file that is named first, and writes what it
// computes to the second. The test that wrote the cases reads them.
#include "plane.h"

#include "kernel.h"

#include <fstream>

struct Case {
  uint32_t cubes[3], threads, shapes[6][4], ranks[6], before, after, backwards, copies_late;
  float scale, soft_cap, hidden;
};

template <class... A> static void call(void (*kernel)(A...), void **tensors, const uint32_t *meta,
                                       const info_st &info) {
  [&]<size_t... I>(std::index_sequence<I...>) {
    kernel(reinterpret_cast<std::tuple_element_t<I, std::tuple<A...>>>(tensors[I])..., meta, info);
  }(std::make_index_sequence<6>());
}

// How CubeCL passes shapes, strides and numbers: found by reading what it emits.
static info_st describe(const Case &one, std::vector<uint32_t> &meta) {
  info_st info{};
  for (int tensor = 0; tensor < 6; ++tensor) {
    info.static_meta[6 + tensor] = meta.size();
    meta.insert(meta.end(), one.shapes[tensor], one.shapes[tensor] + one.ranks[tensor]);
  }
  for (int tensor = 0; tensor < 6; ++tensor) {
    info.static_meta[12 + tensor] = meta.size();
    for (uint32_t axis = 0; axis < one.ranks[tensor]; ++axis) {
      uint32_t stride = 1;
      for (uint32_t i = axis + 1; i < one.ranks[tensor]; ++i) stride *= one.shapes[tensor][i];
      meta.push_back(stride);
    }
  }
  info.scalars_usize[12] = one.before;
  info.scalars_usize[13] = one.after;
  info.scalars_f32[0] = one.scale;
  info.scalars_f32[1] = one.soft_cap;
  info.scalars_f32[2] = one.hidden;
  return info;
}

int main(int, char **arguments) {
  std::ifstream in(arguments[1], std::ios::binary);
  std::ofstream out(arguments[2], std::ios::binary);
  Case one;
  while (in.read(reinterpret_cast<char *>(&one), sizeof one)) {
    // Each tensor has exactly its own memory, so that a sanitizer sees what reads past its end.
    std::vector<std::vector<char>> memory;
    void *tensors[6];
    for (int tensor = 0; tensor < 6; ++tensor) {
      size_t bytes = tensor == 3 || tensor == 5 ? 4 : WIDTH;
      for (uint32_t axis = 0; axis < one.ranks[tensor]; ++axis) bytes *= one.shapes[tensor][axis];
      memory.emplace_back(bytes, char(0xff));
      if (tensor < 4) in.read(memory.back().data(), bytes);
      tensors[tensor] = memory.back().data();
    }
    std::vector<uint32_t> meta;
    info_st info = describe(one, meta);
    shim::copies_late = one.copies_late;
    shim::conflicts = 0;
    for (unsigned z = 0; z < one.cubes[2]; ++z)
      for (unsigned y = 0; y < one.cubes[1]; ++y)
        for (unsigned x = 0; x < one.cubes[0]; ++x) {
          blockIdx = {x, y, z};
          shim::run_cube(one.threads, one.backwards, [&] { call(KERNEL, tensors, meta.data(), info); });
        }
    out.write(memory[4].data(), memory[4].size());
    out.write(memory[5].data(), memory[5].size());
    uint32_t conflicts = shim::conflicts;
    out.write(reinterpret_cast<char *>(&conflicts), 4);
  }
}
