CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT, city TEXT, country TEXT, total REAL, status TEXT, note TEXT);
INSERT INTO orders VALUES
  (1, 'Ana Silva', 'Porto', 'Portugal', 42.5, 'open', ''),
  (2, 'Liam Burke', 'Cork', 'Ireland', 9.9, 'shipped', 'gift'),
  (3, 'Chloe Petit', 'Lyon', 'France', 120.0, 'open', ''),
  (4, 'Dee Walsh', 'Cork', 'Ireland', 15.25, 'open', 'call first'),
  (5, 'Marc Blanc', 'Lyon', 'France', 18.0, 'cancelled', ''),
  (6, 'Ana Silva', 'Porto', 'Portugal', 7.8, 'shipped', ''),
  (7, 'Noor Haddad', 'Paris', 'France', 64.0, 'shipped', 'gift'),
  (8, 'Rui Costa', 'Porto', 'Portugal', 230.0, 'shipped', ''),
  (9, 'Emeka Obi', 'Dublin', 'Ireland', 33.3, 'open', '');
CREATE TABLE old_orders (id INTEGER PRIMARY KEY, customer TEXT, total REAL);
INSERT INTO old_orders VALUES (1, 'Rui Costa', 12.0), (2, 'Ana Silva', 55.5), (3, 'Joan Ferrer', 20.0);
CREATE VIEW open_orders AS SELECT * FROM orders WHERE status = 'open';
CREATE INDEX idx_orders_city ON orders (city);
