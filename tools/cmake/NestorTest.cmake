# nestor_unit_test(name [THREADED] SOURCES a_test.cc ... LIBS nestor_x ...): one GoogleTest program, part of target unit_tests. THREADED: what it
# tests has threads, so it is also played under ThreadSanitizer (target threaded_unit_tests, label threaded); the others have nothing to race.
# Unit tests need no root and no kernel feature; they run under the sanitizer presets too.
find_package(GTest REQUIRED)
# Not optimised: matchers are templates, which take an optimiser three times as long as all that is under test, and a sanitizer's four times.
set(nestor_test_options -O0)
add_custom_target(unit_tests)
add_custom_target(threaded_unit_tests)

function(nestor_unit_test name)
  cmake_parse_arguments(ARG "THREADED" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} nestor_test_support nestor_options GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${nestor_test_options})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
  add_dependencies(unit_tests ${name})
  if(ARG_THREADED)
    add_dependencies(threaded_unit_tests ${name})
    set_property(TEST ${name} APPEND PROPERTY LABELS threaded)
  endif()
endfunction()
