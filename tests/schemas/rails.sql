CREATE TABLE IF NOT EXISTS "schema_migrations" ("version" varchar NOT NULL PRIMARY KEY);
CREATE TABLE IF NOT EXISTS "ar_internal_metadata" ("key" varchar NOT NULL PRIMARY KEY, "value" varchar, "created_at" datetime(6) NOT NULL, "updated_at" datetime(6) NOT NULL);
CREATE TABLE IF NOT EXISTS "users" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "email" varchar COLLATE NOCASE DEFAULT 'none' NOT NULL, "admin" boolean DEFAULT 0 NOT NULL, "settings" json DEFAULT '{}' NOT NULL, "created_at" datetime(6) NOT NULL, "updated_at" datetime(6) NOT NULL);
CREATE TABLE sqlite_sequence(name,seq);
CREATE UNIQUE INDEX "index_users_on_email" ON "users" ("email");
CREATE TABLE IF NOT EXISTS "posts" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "title" varchar(120) NOT NULL, "body" text, "user_id" integer NOT NULL, "rating" float DEFAULT 0.0, "price" decimal(10,2), "published_on" date, "starts_at" time(6), "payload" blob, "position" bigint, "created_at" datetime(6) NOT NULL, CONSTRAINT "fk_rails_5b5ddfd518"
FOREIGN KEY ("user_id")
  REFERENCES "users" ("id")
, CONSTRAINT rating_in_range CHECK (rating BETWEEN 0 AND 5));
CREATE INDEX "index_posts_on_user_id" ON "posts" ("user_id");
CREATE UNIQUE INDEX "index_posts_on_user_id_and_position" ON "posts" ("user_id", "position") WHERE position IS NOT NULL;
CREATE TABLE IF NOT EXISTS "categories" ("id" integer PRIMARY KEY AUTOINCREMENT NOT NULL, "name" varchar, "parent_id" integer, CONSTRAINT "fk_rails_82f48f7407" FOREIGN KEY ("parent_id") REFERENCES "categories" ("id") ON DELETE CASCADE);
CREATE TABLE IF NOT EXISTS "categories_posts" ("category_id" integer NOT NULL, "post_id" integer NOT NULL, CONSTRAINT "fk_rails_0a" FOREIGN KEY ("category_id") REFERENCES "categories" ("id"), CONSTRAINT "fk_rails_0b" FOREIGN KEY ("post_id") REFERENCES "posts" ("id"));
CREATE UNIQUE INDEX "index_categories_posts" ON "categories_posts" ("category_id", "post_id");
INSERT INTO "schema_migrations" (version) VALUES
('20260301091244'),
('20260302101500');
INSERT INTO ar_internal_metadata VALUES('environment','development','2026-03-01 09:12:44.123456','2026-03-01 09:12:44.123456');
INSERT INTO users WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
SELECT i, 'User' || i || '@Example.com', i % 10 = 0, '{"theme":"dark","n":' || i || '}', '2026-03-01 09:12:44.' || printf('%06d', i), '2026-03-01 09:12:44' FROM n;
INSERT INTO posts WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
SELECT i, 'Post, no. ' || i, CASE i % 3 WHEN 0 THEN NULL ELSE 'Two' || char(10) || 'lines' END, 1 + i % 40, (i % 11) * 0.5, CASE i % 4 WHEN 0 THEN i ELSE i * 0.25 END, date('2026-01-01', i || ' days'), '10:00', CASE i % 5 WHEN 0 THEN X'DEADBEEF' END, CASE i % 2 WHEN 0 THEN i END, '2026-03-01 09:12:44' FROM n;
INSERT INTO categories VALUES (1, 'child', 2), (2, 'root', NULL), (3, 'of itself', 3);
INSERT INTO categories_posts SELECT categories.id, posts.id FROM categories, posts WHERE posts.id % 3 = categories.id % 3;
