// A plan that runs for one phone: what the executor tells becomes a snapshot, answers find their ask.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "recovery/executor.h"
#include "src/core/case_store.h"
#include "src/core/snapshot.h"

namespace unbrick::core {

class Job : public recovery::RunListener {
public:
    // `changed` is called from the job's thread whenever its snapshot has something new; must not block.
    // `asks` is called with each new ask (the rehearsal's person hears it so).
    Job(std::string id, std::string phone, recovery::Plan plan, const knowledge::Texts& texts,
        std::function<void()> changed, std::function<void(const base::OrderedJson&)> asks);

    // A copy with the times of now.
    std::shared_ptr<const JobSnapshot> snapshot() const;
    base::Status answer(std::string_view request, std::string text) { return desk_.answer(request, std::move(text)); }
    recovery::AskDesk& desk() { return desk_; }
    void begin(const std::string& case_id);
    void cancelling();
    void end(const recovery::RunEnd& end, std::string next_plan);
    // It may not even begin.
    void refuse(std::string outcome, const base::Error& error);
    void log(std::string who, std::string text, std::string mode = {});
    bool ended() const;
    std::string case_id() const;
    void suggest(std::string plan);

    void step(std::size_t index, recovery::StepState state, const std::string& text) override;
    void progress(std::size_t index, const recovery::StepProgress& progress) override;
    void phone(const std::string& mode, const std::string& text) override;

private:
    void asked(const recovery::Ask* ask);
    void log_locked(std::string who, std::string text, std::string mode);
    void finish_locked(const std::string& outcome);

    const knowledge::Texts& texts_;
    std::function<void()> changed_;
    std::function<void(const base::OrderedJson&)> asks_;
    mutable std::mutex mutex_;
    JobSnapshot state_;
    std::vector<base::SteadyClock::time_point> begun_, ended_;
    std::uint64_t next_line_ = 1;
    recovery::AskDesk desk_;
};

}  // namespace unbrick::core
