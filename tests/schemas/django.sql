-- What a Django project keeps, as `sqlite3 db.sqlite3 .dump` shows it.
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE IF NOT EXISTS "django_migrations" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app" varchar(255) NOT NULL, "name" varchar(255) NOT NULL, "applied" datetime NOT NULL);
INSERT INTO django_migrations VALUES(1,'contenttypes','0001_initial','2026-03-01 09:12:44.123456'),(2,'auth','0001_initial','2026-03-01 09:12:44.223456');
CREATE TABLE IF NOT EXISTS "django_content_type" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "app_label" varchar(100) NOT NULL, "model" varchar(100) NOT NULL);
INSERT INTO django_content_type VALUES(1,'auth','user'),(2,'auth','group'),(3,'shop','product'),(4,'shop','user');
CREATE TABLE IF NOT EXISTS "auth_permission" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "content_type_id" integer NOT NULL REFERENCES "django_content_type" ("id") DEFERRABLE INITIALLY DEFERRED, "codename" varchar(100) NOT NULL, "name" varchar(255) NOT NULL);
INSERT INTO auth_permission VALUES(1,1,'add_user','Can add user'),(2,3,'add_product','Can add product'),(3,1,'add_product','Can add product');
CREATE TABLE IF NOT EXISTS "auth_group" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "name" varchar(150) NOT NULL UNIQUE);
INSERT INTO auth_group VALUES(1,'editors'),(2,'Editors');
CREATE TABLE IF NOT EXISTS "auth_group_permissions" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "group_id" integer NOT NULL REFERENCES "auth_group" ("id") DEFERRABLE INITIALLY DEFERRED, "permission_id" integer NOT NULL REFERENCES "auth_permission" ("id") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO auth_group_permissions VALUES(1,1,1),(2,1,2),(3,2,1);
CREATE TABLE IF NOT EXISTS "auth_user" ("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, "password" varchar(128) NOT NULL, "last_login" datetime NULL, "is_superuser" bool NOT NULL, "username" varchar(150) NOT NULL UNIQUE, "email" varchar(254) NOT NULL, "is_active" bool NOT NULL, "date_joined" datetime NOT NULL);
INSERT INTO auth_user VALUES(1,'pbkdf2_sha256$1000000$salt$aGFzaA==',NULL,1,'admin','admin@example.com',1,'2026-03-01 09:13:00'),(2,'!','2026-03-02 10:00:00.5',0,'zoë','zoe@example.com',0,'2026-03-01 09:14:00.000001');
CREATE TABLE IF NOT EXISTS "django_session" ("session_key" varchar(40) NOT NULL PRIMARY KEY, "session_data" text NOT NULL, "expire_date" datetime NOT NULL);
INSERT INTO django_session VALUES('0q7x3','.eJxVjDsOwjAQ:1t',
'2026-03-15 09:13:00');
CREATE TABLE IF NOT EXISTS "shop_product" ("uuid" char(32) NOT NULL PRIMARY KEY, "sku" varchar(20) NOT NULL UNIQUE, "price" decimal NOT NULL, "weight" real NULL, "stock" integer unsigned NOT NULL CHECK ("stock" >= 0), "attributes" text NOT NULL CHECK ((JSON_VALID("attributes") OR "attributes" IS NULL)), "released" date NULL, "opens" time NULL, "duration" bigint NULL, "image" BLOB NULL, "owner_id" integer NULL REFERENCES "auth_user" ("id") DEFERRABLE INITIALLY DEFERRED, "parent_id" char(32) NULL REFERENCES "shop_product" ("uuid") DEFERRABLE INITIALLY DEFERRED);
INSERT INTO shop_product WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
SELECT printf('%032x', i), printf('%06d', i), i * 0.25, CASE i % 3 WHEN 0 THEN NULL ELSE i * 1.0 END, i % 9, '{"size": ' || i || ', "tags": ["a", "b"]}', date('2026-01-01', i || ' days'), CASE i % 2 WHEN 0 THEN '10:30:00' END, i * 1000000, CASE i % 4 WHEN 0 THEN X'00010203' END, nullif(i % 3, 0), CASE i % 5 WHEN 0 THEN NULL ELSE printf('%032x', 1 + (i * 7) % 120) END FROM n;
CREATE UNIQUE INDEX "django_content_type_app_label_model_76bd3d3b_uniq" ON "django_content_type" ("app_label", "model");
CREATE UNIQUE INDEX "auth_group_permissions_group_id_permission_id_0cd325b0_uniq" ON "auth_group_permissions" ("group_id", "permission_id");
CREATE INDEX "auth_group_permissions_group_id_b120cbf9" ON "auth_group_permissions" ("group_id");
CREATE UNIQUE INDEX "auth_permission_content_type_id_codename_01ab375a_uniq" ON "auth_permission" ("content_type_id", "codename");
CREATE INDEX "auth_permission_content_type_id_2f476e4b" ON "auth_permission" ("content_type_id");
CREATE UNIQUE INDEX "unique_opening" ON "shop_product" ("released") WHERE ("opens" IS NOT NULL);
COMMIT;
