# Run by cmake/web.cmake: installs the packages of web/package-lock.json into the build tree.
# -D NPM, SOURCE (web/), BUILD (the copy), STAMP (touched at the end).
execute_process(COMMAND ${NPM} --version OUTPUT_VARIABLE version ERROR_QUIET
                OUTPUT_STRIP_TRAILING_WHITESPACE)
if(version VERSION_LESS 9)
    message(FATAL_ERROR "npm is version ${version}; the report's page needs 9 or newer.  "
                        "Install a newer nodejs and npm.")
endif()
file(COPY ${SOURCE}/package.json ${SOURCE}/package-lock.json ${SOURCE}/.npmrc DESTINATION ${BUILD})
execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund
                WORKING_DIRECTORY ${BUILD} RESULT_VARIABLE code
                OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(code)
    message(FATAL_ERROR "npm could not install the chart library (its output is below).  It needs "
                        "nodejs and npm 9 or newer, and a reachable package registry "
                        "(npm config get registry).\n${output}")
endif()
file(TOUCH ${STAMP})
