-- The tables of Northwind, which trades in food, with rows made up here.
CREATE TABLE [Categories]
(      [CategoryID] INTEGER PRIMARY KEY AUTOINCREMENT,
       [CategoryName] TEXT,
       [Description] TEXT,
       [Picture] BLOB
);
CREATE TABLE [CustomerDemographics](
   [CustomerTypeID]TEXT NOT NULL,
   [CustomerDesc]TEXT,
    PRIMARY KEY ("CustomerTypeID")
);
CREATE TABLE [Customers]
(      [CustomerID] TEXT,
       [CompanyName] TEXT,
       [City] TEXT,
       [PostalCode] TEXT,
       [Fax] TEXT,
       PRIMARY KEY (`CustomerID`)
);
CREATE TABLE [CustomerCustomerDemo](
   [CustomerID]TEXT NOT NULL,
   [CustomerTypeID]TEXT NOT NULL,
   PRIMARY KEY ("CustomerID","CustomerTypeID"),
   FOREIGN KEY ([CustomerID]) REFERENCES [Customers] ([CustomerID])
		ON DELETE NO ACTION ON UPDATE NO ACTION,
	FOREIGN KEY ([CustomerTypeID]) REFERENCES [CustomerDemographics] ([CustomerTypeID])
		ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE TABLE [Employees]
(      [EmployeeID] INTEGER PRIMARY KEY AUTOINCREMENT,
       [LastName] TEXT,
       [FirstName] TEXT,
       [BirthDate] DATE,
       [HireDate] DATE,
       [Photo] BLOB,
       [Notes] TEXT,
       [ReportsTo] INTEGER,
	   FOREIGN KEY ([ReportsTo]) REFERENCES [Employees] ([EmployeeID])
		ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE TABLE [Regions](
   [RegionID]INTEGER NOT NULL PRIMARY KEY,
   [RegionDescription]TEXT NOT NULL
);
CREATE TABLE [Territories](
   [TerritoryID]TEXT NOT NULL,
   [TerritoryDescription]TEXT NOT NULL,
   [RegionID]INTEGER NOT NULL,
    PRIMARY KEY ("TerritoryID"),
	FOREIGN KEY ([RegionID]) REFERENCES [Regions] ([RegionID])
		ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE TABLE [EmployeeTerritories](
   [EmployeeID]INTEGER NOT NULL,
   [TerritoryID]TEXT NOT NULL,
    PRIMARY KEY ("EmployeeID","TerritoryID"),
	FOREIGN KEY ([EmployeeID]) REFERENCES [Employees] ([EmployeeID])
		ON DELETE NO ACTION ON UPDATE NO ACTION,
	FOREIGN KEY ([TerritoryID]) REFERENCES [Territories] ([TerritoryID])
		ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE TABLE [Shippers](
   [ShipperID]INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
   [CompanyName]TEXT NOT NULL,
   [Phone]TEXT
);
CREATE TABLE [Suppliers](
   [SupplierID]INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
   [CompanyName]TEXT NOT NULL,
   [HomePage]TEXT
);
CREATE TABLE [Products](
   [ProductID]INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
   [ProductName]TEXT NOT NULL,
   [SupplierID]INTEGER,
   [CategoryID]INTEGER,
   [QuantityPerUnit]TEXT,
   [UnitPrice]NUMERIC DEFAULT 0,
   [UnitsInStock]INTEGER DEFAULT 0,
   [Discontinued]TEXT NOT NULL DEFAULT '0',
    CHECK ([UnitPrice]>=(0)),
    CHECK ([UnitsInStock]>=(0)),
	FOREIGN KEY ([CategoryID]) REFERENCES [Categories] ([CategoryID])
		ON DELETE NO ACTION ON UPDATE NO ACTION,
	FOREIGN KEY ([SupplierID]) REFERENCES [Suppliers] ([SupplierID])
		ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE TABLE [Orders](
   [OrderID]INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
   [CustomerID]TEXT,
   [EmployeeID]INTEGER,
   [OrderDate]DATETIME,
   [ShippedDate]DATETIME,
   [ShipVia]INTEGER,
   [Freight]NUMERIC DEFAULT 0,
   [ShipName]TEXT,
   FOREIGN KEY ([EmployeeID]) REFERENCES [Employees] ([EmployeeID])
		ON DELETE NO ACTION ON UPDATE NO ACTION,
	FOREIGN KEY ([CustomerID]) REFERENCES [Customers] ([CustomerID])
		ON DELETE NO ACTION ON UPDATE NO ACTION,
	FOREIGN KEY ([ShipVia]) REFERENCES [Shippers] ([ShipperID])
		ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE TABLE [Order Details](
   [OrderID]INTEGER NOT NULL,
   [ProductID]INTEGER NOT NULL,
   [UnitPrice]NUMERIC NOT NULL DEFAULT 0,
   [Quantity]INTEGER NOT NULL DEFAULT 1,
   [Discount]REAL NOT NULL DEFAULT 0,
    PRIMARY KEY ("OrderID","ProductID"),
    CHECK ([Discount]>=(0) AND [Discount]<=(1)),
    CHECK ([Quantity]>(0)),
    CHECK ([UnitPrice]>=(0)),
	FOREIGN KEY ([OrderID]) REFERENCES [Orders] ([OrderID])
		ON DELETE NO ACTION ON UPDATE NO ACTION,
	FOREIGN KEY ([ProductID]) REFERENCES [Products] ([ProductID])
		ON DELETE NO ACTION ON UPDATE NO ACTION
);
CREATE VIEW [Alphabetical list of products] AS
SELECT Products.*, Categories.CategoryName FROM Categories INNER JOIN Products ON Categories.CategoryID = Products.CategoryID
WHERE (((Products.Discontinued)='0'));

INSERT INTO [Categories] VALUES (1, 'Beverages', 'Soft drinks, coffees, teas, beers, and ales', X'151C2F00020000000D000E00'), (2, 'Condiments', NULL, NULL), (3, 'Produce', 'Dried fruit' || char(10) || 'and bean curd', X'00FF');
INSERT INTO [CustomerDemographics] VALUES ('retail', 'Shops'), ('0042', NULL);
INSERT INTO [Customers] WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 25)
    SELECT 'AL' || char(65 + i) || 'KI', 'Futterkiste Nr. ' || i, CASE i % 3 WHEN 0 THEN 'Århus' END, printf('%05d', i * 11), nullif('030-007432' || (i % 4), '030-0074320') FROM n;
INSERT INTO [CustomerCustomerDemo] SELECT [CustomerID], [CustomerTypeID] FROM [Customers], [CustomerDemographics] WHERE [PostalCode] % 2 = 0;
INSERT INTO [Employees] VALUES
    (1, 'Davolio', 'Nancy', '1968-12-08', '2012-05-01', X'FFD8FFE0', 'Education includes a BA, and "The Art of the Cold Call".', 2),
    (2, 'Fuller', 'Andrew', '1972-02-19', '2012-08-14', NULL, NULL, NULL),
    (3, 'Leverling', 'Janet', '1983-08-30', NULL, X'00', 'Assistant', 2);
INSERT INTO [Regions] VALUES (1, 'Eastern'), (2, 'Western');
INSERT INTO [Territories] WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)
    SELECT printf('%05d', 1581 + i), 'Territory ' || i, 1 + i % 2 FROM n;
INSERT INTO [EmployeeTerritories] SELECT 1 + [TerritoryID] % 3, [TerritoryID] FROM [Territories];
INSERT INTO [Shippers] VALUES (1, 'Speedy Express', '(503) 555-9831'), (2, 'United Package', NULL);
INSERT INTO [Suppliers] VALUES (1, 'Exotic Liquids', NULL), (2, 'Mayumi''s', 'Mayumi''s (on the World Wide Web)#http://www.example.com/#');
INSERT INTO [Products] WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30)
    SELECT i, 'Chef''s mix no. ' || i, nullif(i % 3, 0), nullif(i % 4, 0), i || ' boxes x 20 bags', i * 1.25, i * 3, (i % 5 = 0) || '' FROM n;
INSERT INTO [Orders] WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
    SELECT 10247 + i, 'AL' || char(65 + i % 26) || 'KI', nullif(i % 4, 0), date('2016-07-04', i || ' days'),
        CASE i % 5 WHEN 0 THEN NULL ELSE datetime('2016-07-14 08:30:00', (i * 3) || ' hours') END, nullif(i % 3, 0), i * 0.5, 'Vins et alcools "Chevalier"' FROM n;
INSERT INTO [Order Details] WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 149)
    SELECT 10248 + i % 60, 1 + i / 5, i * 0.75, 1 + i % 7, (i % 4) * 0.25 FROM n;
