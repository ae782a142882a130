alter table pedro.question drop column trained_prompt_id, drop column origin;
drop table pedro.trained_prompt_turn, pedro.trained_prompt_embedding, pedro.trained_prompt_example, pedro.trained_prompt;
