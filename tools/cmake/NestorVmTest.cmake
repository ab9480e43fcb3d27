# nestor_vm_test(name KERNELS 6.1 ... [COPY path...] [TIMEOUT seconds] [APPEND cmdline] COMMAND argument...):
# one ctest for each kernel, `name_<kernel>`, that runs COMMAND in a VM with the built tree installed. Label vm; one at a time, for each takes
# both CPUs. Not in sanitizer and fuzz builds: there is nothing to install.
function(nestor_vm_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT;APPEND" "KERNELS;COPY;COMMAND" ${ARGN})
  if(NESTOR_SANITIZE OR NESTOR_FUZZ)
    return()
  endif()
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 300)
  endif()
  set(copies)
  foreach(path ${ARG_COPY})
    list(APPEND copies --copy ${path})
  endforeach()
  set(append)
  if(ARG_APPEND)
    set(append --append ${ARG_APPEND})
  endif()
  foreach(kernel ${ARG_KERNELS})
    add_test(NAME ${name}_${kernel} COMMAND ${PROJECT_SOURCE_DIR}/tests/vm/run --kernel ${kernel} --timeout ${ARG_TIMEOUT}
      --build ${CMAKE_BINARY_DIR} ${append} ${copies} -- ${ARG_COMMAND})
    # The first test that needs them makes the images: that may take five minutes more.
    math(EXPR limit "${ARG_TIMEOUT} * 3 + 600")
    set_tests_properties(${name}_${kernel} PROPERTIES LABELS vm RUN_SERIAL TRUE TIMEOUT ${limit})
  endforeach()
endfunction()
