// Waits for something in Qt's event loop. For as long as it takes: a test that hangs is ended by
// ctest.
#pragma once

#include <QCoreApplication>

namespace firebreak::test {

template <class Condition>
void wait_until(Condition condition) {
    while (!condition()) {
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents | QEventLoop::AllEvents, 50);
    }
}

}  // namespace firebreak::test
