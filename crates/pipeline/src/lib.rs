//! The stages and the jobs made of them. Progress goes out as events; nothing is printed here.

mod yaml;
