# cmake --install build/release [--prefix P]: the programs beside one another, what they read under share/unbrick.
include(GNUInstallDirs)
install(TARGETS unbrick unbrick-window unbrick-rehearse RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY knowledge DESTINATION ${CMAKE_INSTALL_DATADIR}/unbrick)
install(DIRECTORY simulator/scenarios DESTINATION ${CMAKE_INSTALL_DATADIR}/unbrick)
install(FILES packaging/unbrick.desktop DESTINATION ${CMAKE_INSTALL_DATADIR}/applications)
install(FILES README.md docs/architecture.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
# udev looks in this folder of /usr only, and in /etc/udev/rules.d for what an administrator puts there.
install(FILES packaging/60-unbrick.rules DESTINATION lib/udev/rules.d)
