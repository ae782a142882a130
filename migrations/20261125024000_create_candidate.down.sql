drop view pedro.candidate;
