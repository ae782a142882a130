drop table pedro.game_turn;
drop table pedro.game;
