# Flags that every target of ours gets.
add_library(unbrick_flags INTERFACE)
target_include_directories(unbrick_flags INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(unbrick_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  $<$<BOOL:${UNBRICK_WERROR}>:-Werror>)
# g++ 12 with optimisation warns inside its own std::string and std::vector (GCC bugs 105651, 105329, 105705);
# what these four look for is looked for by the asan preset when the tests run.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13 AND CMAKE_BUILD_TYPE STREQUAL "Release")
  target_compile_options(unbrick_flags INTERFACE -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread)
endif()
if(UNBRICK_SANITIZE)
  target_compile_options(unbrick_flags INTERFACE -fsanitize=${UNBRICK_SANITIZE} -fno-omit-frame-pointer)
  target_link_options(unbrick_flags INTERFACE -fsanitize=${UNBRICK_SANITIZE})
endif()
if(UNBRICK_FUZZ)
  target_compile_options(unbrick_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# unbrick_library(NAME [RECURSE] [FOLDERS f...] LIBRARIES l...): one static library from every .cpp in
# the folders (default: this one), so that a new file needs no edit here.
function(unbrick_library name)
  cmake_parse_arguments(arg "RECURSE" "" "FOLDERS;LIBRARIES" ${ARGN})
  if(NOT arg_FOLDERS)
    set(arg_FOLDERS .)
  endif()
  set(sources)
  foreach(folder ${arg_FOLDERS})
    if(arg_RECURSE)
      file(GLOB_RECURSE found CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
    else()
      file(GLOB found CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.cpp)
    endif()
    list(APPEND sources ${found})
  endforeach()
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC unbrick_flags ${arg_LIBRARIES})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE unbrick_flags ${arg_LIBRARIES})
  endif()
endfunction()
