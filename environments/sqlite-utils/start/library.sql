CREATE TABLE books (id INTEGER PRIMARY KEY, title TEXT, author TEXT, genre TEXT, year TEXT, price TEXT);
INSERT INTO books VALUES
  (1, 'River Maps', 'Lena Ortiz', 'travel', '2009', '$12.50'),
  (2, 'The Clay Pot', 'Otto Berg', 'craft', '2015', '$8.90'),
  (3, 'North Wind', 'Ida Falk', 'novel', '1998', '$9.99'),
  (4, 'Small Engines', 'Raj Patel', 'technical', '2019', '$31.00'),
  (5, 'Bread at Home', 'Lena Ortiz', 'cooking', '2021', '$24.00'),
  (6, 'Moss and Fern', 'Ida Falk', 'nature', '2012', '$17.25'),
  (7, 'Night Trains', 'Tom Reed', 'travel', '2004', '$13.75'),
  (8, 'Knots', 'Sara Lind', 'craft', '1987', '$6.50'),
  (9, 'Signal Flags', 'Tom Reed', 'technical', '2001', '$27.40'),
  (10, 'Winter Soups', 'Mei Tan', 'cooking', '2018', '$19.95'),
  (11, 'The Toll House', 'Ida Falk', 'novel', '2022', '$15.00'),
  (12, 'Tide Pools', 'Mei Tan', 'nature', '2016', '$21.10');
CREATE TABLE members (id INTEGER, name TEXT, email TEXT, joined TEXT);
INSERT INTO members VALUES
  (1, 'Ana Silva', 'ana@example.org', '03/04/2021'),
  (2, 'Bo Jensen', 'bo@example.org', '25/12/2020'),
  (3, 'Cyril Moreau', 'cyril@example.org', '07/01/2022'),
  (4, 'Dee Walsh', 'dee@example.org', '11/09/2019'),
  (5, 'Emeka Obi', 'emeka@example.org', '30/06/2023'),
  (6, 'Freya Dahl', 'freya@example.org', '02/02/2022');
CREATE TABLE loans (id INTEGER PRIMARY KEY, book_id INTEGER, member_id INTEGER, due TEXT);
INSERT INTO loans VALUES
  (1, 3, 1, '2024-04-02'),
  (2, 5, 2, '2024-03-18'),
  (3, 7, 1, '2024-04-20'),
  (4, 1, 4, '2024-03-05'),
  (5, 12, 6, '2024-05-01'),
  (6, 3, 5, '2024-05-11'),
  (7, 10, 2, '2024-04-27');
CREATE TABLE articles (id INTEGER PRIMARY KEY, title TEXT, body TEXT, tags TEXT);
INSERT INTO articles VALUES
  (1, 'Reading room reopens', 'The reading room opens again after the flood repairs.', 'news,building'),
  (2, 'Repair cafe', 'Bring broken lamps and radios; volunteers are repairing them on Saturday.', 'events,craft'),
  (3, 'Story hour', 'Stories for children every Wednesday in the garden.', 'events,children'),
  (4, 'New catalogue', 'The catalogue now lists maps and sheet music.', 'news,catalogue,maps'),
  (5, 'Flood fund', 'Thank you: the fund covered new shelves for the map room.', 'news,building,thanks');
