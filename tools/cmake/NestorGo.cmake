# nestor_go_program(TARGET OUTPUT SOURCE): a static program of one Go file, a part of `all`. Only where NESTOR_GO, the toolchain, is found.
find_program(NESTOR_GO go PATHS /usr/local/go/bin)

function(nestor_go_program target output source)
  add_custom_command(OUTPUT ${output} DEPENDS ${source} VERBATIM
    COMMAND ${CMAKE_COMMAND} -E env CGO_ENABLED=0 GOFLAGS=-trimpath ${NESTOR_GO} build -o ${output} ${CMAKE_CURRENT_SOURCE_DIR}/${source})
  add_custom_target(${target} ALL DEPENDS ${output})
endfunction()
