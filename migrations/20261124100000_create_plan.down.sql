drop view pedro.question_view;
drop table pedro.plan_step_source;
drop table pedro.plan_step;
drop table pedro.plan;
alter table pedro.question drop column workflow_id, drop column shown_digest, drop column round, drop column wants_plan;
alter table pedro.channel drop column agentic;
