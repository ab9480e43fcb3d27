# nestor_vm_test(name KERNELS 6.1 ... [COPY path...] [TIMEOUT seconds] [APPEND cmdline] [COST seconds] [ONE_CPU] [ALONE] COMMAND argument...):
# one ctest for each kernel, `name_<kernel>`, that runs COMMAND in a VM with the built tree installed. Label vm. Two tests run at once (jobs
# in CMakePresets.json), for a VM keeps little more than one CPU busy; ALONE: not this one, for it measures or needs both. ONE_CPU: in a VM
# of one CPU, a fifth cheaper: where what runs at once is not the point. COST: roughly how long it takes, 60 if not told: the long ones
# begin first. Not in sanitizer and fuzz builds: there is nothing to install.
function(nestor_vm_test name)
  cmake_parse_arguments(ARG "ONE_CPU;ALONE" "TIMEOUT;APPEND;COST" "KERNELS;COPY;COMMAND" ${ARGN})
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
  if(NOT ARG_COST)
    set(ARG_COST 60)
  endif()
  set(append)
  if(ARG_APPEND)
    set(append --append ${ARG_APPEND})
  endif()
  set(cpus)
  if(ARG_ONE_CPU)
    set(cpus --cpus 1)
  endif()
  foreach(kernel ${ARG_KERNELS})
    add_test(NAME ${name}_${kernel} COMMAND ${PROJECT_SOURCE_DIR}/tests/vm/run --kernel ${kernel} --timeout ${ARG_TIMEOUT}
      --build ${CMAKE_BINARY_DIR} ${cpus} ${append} ${copies} -- ${ARG_COMMAND})
    # The first test that needs them makes the images: that may take five minutes more.
    math(EXPR limit "${ARG_TIMEOUT} * 3 + 600")
    set_tests_properties(${name}_${kernel} PROPERTIES LABELS vm COST ${ARG_COST} TIMEOUT ${limit})
    if(ARG_ALONE)
      set_tests_properties(${name}_${kernel} PROPERTIES RUN_SERIAL TRUE)
    endif()
  endforeach()
endfunction()
