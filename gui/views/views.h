// The views, one file each. They draw in the present column of app.ui and change nothing but through App.
#pragma once

#include "gui/app.h"
#include "gui/vocabulary.h"

namespace unbrick::gui {

void draw_rehearsal_banner(App& app, float width);
float rehearsal_banner_height(const App& app);
void draw_sidebar(App& app);                                              // phones.cpp
void draw_phone_header(App& app, const core::PhoneSnapshot& phone);       // phone_header.cpp
void draw_wrong(App& app, const core::PhoneSnapshot& phone);              // wrong.cpp
void draw_diagnosis(App& app, const diagnostics::Diagnosis& diagnosis, std::string_view where);
void draw_question(App& app, const device::PhoneKey& phone, const diagnostics::Question& question);   // question.cpp
void draw_plans(App& app, const core::PhoneSnapshot& phone);              // plans.cpp
void draw_doing(App& app, const core::PhoneSnapshot& phone);              // doing.cpp
void draw_request(App& app, const core::PhoneSnapshot& phone, const core::JobSnapshot& job, const core::Request& request);   // request.cpp
void draw_coach(App& app, const core::PhoneSnapshot& phone, const core::JobSnapshot& job, const core::Request& request);     // coach.cpp
void draw_log(App& app, const core::JobSnapshot& job);                    // log.cpp
void draw_link(App& app, const core::PhoneSnapshot& phone);               // link.cpp
void draw_after(App& app, const core::PhoneSnapshot& phone);              // after.cpp
void draw_empty(App& app);                                                // empty.cpp: no phone is attached
void draw_no_phone(App& app);                                             // no_phone.cpp
void draw_log_file(App& app);                                             // log_file.cpp
void draw_knowledge(App& app);                                            // knowledge.cpp
void draw_cases(App& app);                                                // cases.cpp
void draw_rehearsals(App& app);                                           // rehearsals.cpp
void draw_support(App& app);                                              // support.cpp
void draw_settings(App& app);                                             // settings_view.cpp

// A view's title and what it is for.
void draw_view_title(App& app, std::string_view title, std::string_view about);

}  // namespace unbrick::gui
