# nestor_unit_test(name SOURCES a_test.cc ... LIBS nestor_x ...): one GoogleTest program, part of target unit_tests.
# Unit tests need no root and no kernel feature; they run under the sanitizer presets too.
find_package(GTest REQUIRED)
# Not optimised: matchers are templates, which take an optimiser three times as long as all that is under test, and a sanitizer's four times.
set(nestor_test_options -O0)
add_custom_target(unit_tests)

function(nestor_unit_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} nestor_test_support nestor_options GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${nestor_test_options})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 300)
  add_dependencies(unit_tests ${name})
endfunction()
