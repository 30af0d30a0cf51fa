-- Tables written for PostgreSQL that SQLite understands too.
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
CREATE TABLE customers (
    id bigserial PRIMARY KEY,
    public_id uuid NOT NULL UNIQUE,
    name character varying(80) NOT NULL,
    vip boolean DEFAULT false NOT NULL,
    tags jsonb,
    balance numeric(12,2) DEFAULT 0.00,
    score double precision,
    avatar bytea,
    waited interval,
    born date,
    wakes time,
    created_at timestamp with time zone NOT NULL
);
COMMENT ON TABLE customers IS 'Who buys; a semicolon is part of this.';
CREATE TABLE invoices (
    customer_id bigint NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
    number integer NOT NULL,
    total numeric(12,2) NOT NULL CHECK (total >= 0),
    PRIMARY KEY (customer_id, number)
);
CREATE TABLE invoice_lines (
    customer_id bigint NOT NULL,
    number integer NOT NULL,
    pos smallint NOT NULL,
    text text,
    PRIMARY KEY (customer_id, number, pos),
    FOREIGN KEY (customer_id, number) REFERENCES invoices
);
CREATE UNIQUE INDEX customers_name ON customers (name) WHERE vip;
