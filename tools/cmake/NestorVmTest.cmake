# nestor_vm_test(name [ROTATED [SEEN 6.1 ...]] [KERNELS 6.1 ...] [COPY path...] [TIMEOUT seconds] [APPEND cmdline] [COST seconds] [ONE_CPU] [ALONE] COMMAND argument...):
# one ctest for each kernel, `name_<kernel>`, that runs COMMAND in a VM with the built tree installed. Label vm. ROTATED: label rotated, too, so that
# tools/test plays it on one of the kernels, which the commit's hash chooses, and --full on all. SEEN: the kernels that take part in that, all if
# not given: on the others the suite was not seen to pass yet, and a run would fail by its hash; they have label unseen, and only --full plays
# them. Whoever saw one pass adds it. KERNELS: all that are supported if not given.
# Two tests run at once (tools/test), for a VM keeps little more than one CPU busy; ALONE: not this one, for it measures or needs both. ONE_CPU:
# in a VM of one CPU, a fifth cheaper: where what runs at once is not the point. COST: seconds on two idle cores, 60 if not given: the long
# ones begin first, and the estimate of what is left is made of it. Not in sanitizer builds: there is nothing to install.
set(nestor_kernels 6.1 6.12 6.18)

function(nestor_vm_test name)
  cmake_parse_arguments(ARG "ROTATED;ONE_CPU;ALONE" "TIMEOUT;APPEND;COST" "KERNELS;SEEN;COPY;COMMAND" ${ARGN})
  if(NESTOR_SANITIZE)
    return()
  endif()
  if(NOT ARG_KERNELS)
    set(ARG_KERNELS ${nestor_kernels})
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
    nestor_vm_properties(${name}_${kernel} ${ARG_COST} ${ARG_TIMEOUT} "${ARG_ROTATED}" "${ARG_ALONE}")
    if(ARG_SEEN AND NOT kernel IN_LIST ARG_SEEN)
      set_property(TEST ${name}_${kernel} APPEND PROPERTY LABELS unseen)
    endif()
  endforeach()
endfunction()

# nestor_vm_properties(test cost limit rotated alone): what ctest has to know of a test that starts VMs.
function(nestor_vm_properties test cost limit rotated alone)
  # The first test that needs them makes the images: that may take five minutes more.
  math(EXPR whole_limit "${limit} * 3 + 600")
  set_tests_properties(${test} PROPERTIES LABELS vm COST ${cost} TIMEOUT ${whole_limit})
  if(rotated)
    set_property(TEST ${test} APPEND PROPERTY LABELS rotated)
  endif()
  if(alone)
    set_tests_properties(${test} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()
