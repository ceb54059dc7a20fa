// nvrtc ARCHITECTURE INCLUDES SOURCE PTX: compiles CUDA C++ to PTX, with the options that CubeCL
// gives NVRTC on a card.
#include <fstream>
#include <iostream>
#include <nvrtc.h>
#include <sstream>
#include <string>
#include <vector>

int main(int, char **arguments) {
  std::stringstream source;
  source << std::ifstream(arguments[3]).rdbuf();
  nvrtcProgram program;
  nvrtcCreateProgram(&program, source.str().c_str(), "kernel.cu", 0, nullptr, nullptr);
  std::string architecture = std::string("--gpu-architecture=") + arguments[1];
  std::string include = std::string("--include-path=") + arguments[2];
  std::string cccl = include + "/cccl";
  std::vector<const char *> options{architecture.c_str(), include.c_str(), cccl.c_str(), "-lineinfo"};
  bool failed = nvrtcCompileProgram(program, options.size(), options.data()) != NVRTC_SUCCESS;
  size_t size;
  if (failed) {
    nvrtcGetProgramLogSize(program, &size);
    std::string log(size, ' ');
    nvrtcGetProgramLog(program, log.data());
    std::cerr << log;
    return 1;
  }
  nvrtcGetPTXSize(program, &size);
  std::string ptx(size, ' ');
  nvrtcGetPTX(program, ptx.data());
  std::ofstream(arguments[4]) << ptx.c_str();
}
