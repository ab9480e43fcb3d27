# nestor_bpf_object(TARGET NAME name SOURCES a.bpf.c ...): each source by clang (and the presets' ccache), linked by `bpftool gen object`
# (which also drops unused types), then one skeleton header <name>.skel.h. TARGET is an interface library that carries it.
find_program(BPF_CLANG NAMES clang-19 REQUIRED)
find_program(BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin REQUIRED)

function(nestor_bpf_object target)
  cmake_parse_arguments(ARG "" "NAME" "SOURCES;HEADERS" ${ARGN})
  set(out ${CMAKE_BINARY_DIR}/generated/bpf)
  file(MAKE_DIRECTORY ${out})
  set(objects)
  foreach(source ${ARG_SOURCES})
    get_filename_component(stem ${source} NAME_WLE)
    set(object ${out}/${stem}.o)
    add_custom_command(
      OUTPUT ${object}
      COMMAND ${CMAKE_C_COMPILER_LAUNCHER} ${BPF_CLANG} -target bpf -mcpu=v3 -D__TARGET_ARCH_x86 -O2 -g -Wall -Wextra -Werror
              -Wno-unused-parameter -Wno-missing-declarations -I${PROJECT_SOURCE_DIR}/bpf -isystem /usr/include/${CMAKE_LIBRARY_ARCHITECTURE}
              -MD -MF ${object}.d -c ${CMAKE_CURRENT_SOURCE_DIR}/${source} -o ${object}
      DEPENDS ${source} DEPFILE ${object}.d VERBATIM)
    list(APPEND objects ${object})
  endforeach()
  set(linked ${out}/${ARG_NAME}.linked.o)
  set(skeleton ${out}/${ARG_NAME}.skel.h)
  add_custom_command(OUTPUT ${linked} COMMAND ${BPFTOOL} gen object ${linked} ${objects} DEPENDS ${objects} VERBATIM)
  add_custom_command(
    OUTPUT ${skeleton}
    COMMAND sh -c "${BPFTOOL} gen skeleton ${linked} name ${ARG_NAME} > ${skeleton}.tmp && mv ${skeleton}.tmp ${skeleton}"
    DEPENDS ${linked} VERBATIM)
  add_custom_target(${target}_skeleton DEPENDS ${skeleton})
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${CMAKE_BINARY_DIR}/generated)
  add_dependencies(${target} ${target}_skeleton)
endfunction()
