// One phone's own thread: tasks one after another; the running one can be told to stop.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace unbrick::core {

class Worker {
public:
    using Task = std::function<void(std::stop_token)>;
    Worker() : thread_([this](std::stop_token end) { work(end); }) {}
    ~Worker() {
        stop_current(true);
        thread_.request_stop();
        changed_.notify_all();
    }
    void add(Task task) {
        { const std::lock_guard lock(mutex_); tasks_.push_back(std::move(task)); }
        changed_.notify_all();
    }
    // `also_waiting`: forgets the tasks that have not begun.
    void stop_current(bool also_waiting) {
        std::stop_source current;
        {
            const std::lock_guard lock(mutex_);
            if (also_waiting) tasks_.clear();
            current = current_;
        }
        current.request_stop();
    }

private:
    void work(const std::stop_token& end) {
        for (;;) {
            Task task;
            std::stop_source stop;
            {
                std::unique_lock lock(mutex_);
                if (!changed_.wait(lock, end, [this] { return !tasks_.empty(); })) return;
                task = std::move(tasks_.front());
                tasks_.pop_front();
                current_ = stop;
            }
            task(stop.get_token());
        }
    }
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Task> tasks_;
    std::stop_source current_;
    std::jthread thread_;                // last: ends before what it uses
};

}  // namespace unbrick::core
