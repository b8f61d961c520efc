"""Small files in the shape of what well-known programs export: their headers, with rows that are made up."""

from __future__ import annotations

from typing import Final

__all__ = ["FILES"]

FILES: Final[dict[str, str | bytes]] = {
    "shopify_customers.csv": (
        "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,"
        "Default Address Address1,"
        "Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,"
        "Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,"
        "Tax Exempt,Tags\n"
        '\'7001,Ann,Lee,ann@x.example,yes,,1 High St,,Ottawa,ON,CA,K1A,,+16045550163,no,120.50,2,,no,"vip, early"\n'
        "'7002,Bob,Ray,bob@x.example,no,Delta,2 Low St,,Ulm,,DE,89073,,,no,0.00,0,,no,\n"
        "'7003,,,info@x.example,no,,,,,,,,,,no,10.00,1,,no,\n"
    ),
    "shopify_orders.csv": (
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Accepts Marketing,Currency,Subtotal,Shipping,"
        "Taxes,Total,"
        "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Billing City,"
        "Billing Country,"
        "Cancelled at,Id\n"
        "#1001,ann@x.example,paid,2024-01-31 10:00:00 +0100,fulfilled,yes,EUR,30.00,0.00,0.00,30.00,"
        "2024-01-31 09:59:00 +0100,2,Tea,10.00,T1,Ann Lee,Ulm,DE,,5001\n"
        "#1001,ann@x.example,,,,,,,,,,2024-01-31 09:59:00 +0100,1,Cup,10.00,C1,,,,,\n"
        "#1002,bob@x.example,paid,2024-02-01 10:00:00 +0100,fulfilled,no,EUR,10.00,0.00,0.00,10.00,"
        "2024-02-01 09:59:00 +0100,1,Tea,10.00,T1,Bob Ray,Bern,CH,,5002\n"
    ),
    "stripe_customers.csv": (
        "id,Description,Email,Name,Created (UTC),Delinquent,Card Last4,Currency,Total Spend,Payment Count\n"
        "cus_Aa1,,ann@x.example,Ann Lee,2024-01-31 10:00,false,4242,usd,12.00,1\n"
        "cus_Bb2,Wholesale,bob@x.example,,2024-02-01 11:30,false,,usd,0.00,0\n"
    ),
    "mailchimp.csv": (
        "Email Address,First Name,Last Name,Address,Phone Number,MEMBER_RATING,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,"
        "CONFIRM_IP,LAST_CHANGED,LEID,EUID,NOTES,TAGS\n"
        'ann@x.example,Ann,Lee,"1 High St  Ottawa",+16045550163,2,"2024-01-31 10:00:00",,'
        '"2024-01-31 10:00:00",192.0.2.1,'
        '"2024-02-01 10:00:00",11,a1b2,,"""vip"",""early"""\n'
        'bob@x.example,Bob,Ray,,,2,,,"2024-01-31 10:00:00",192.0.2.2,"2024-02-01 10:00:00",12,a1b3,,\n'
    ),
    "pipedrive_persons.csv": (
        "Person - ID,Person - Name,Person - First name,Person - Last name,Person - Organization,"
        "Person - Organization ID,"
        "Person - Email - Work,Person - Phone - Work,Person - Owner,Person - Person created\n"
        "1,Ann Lee,Ann,Lee,Delta,11,ann@x.example,+1 604 555 0163,Sam,2024-01-31 10:00:00\n"
        "2,Bob Ray,Bob,Ray,,,bob@x.example,,Sam,2024-02-01 10:00:00\n"
    ),
    "pipedrive_organizations.csv": (
        "Organization - ID,Organization - Name,Organization - Address,Organization - Owner,"
        "Organization - Organization created\n"
        "11,Delta,Ulm,Sam,2024-01-31 10:00:00\n"
        "12,Echo,Bern,Sam,2024-01-31 10:00:00\n"
    ),
    "pipedrive_deals.csv": (
        "Deal - ID,Deal - Title,Deal - Value,Deal - Currency of Value,Deal - Stage,Deal - Status,Deal - Organization,"
        "Deal - Organization ID,Deal - Contact person,Deal - Contact person ID,Deal - Expected close date,"
        "Deal - Owner\n"
        "21,Tea for Delta,1200,EUR,Qualified,Open,Delta,11,Ann Lee,1,2024-05-01,Sam\n"
        "22,Cups,300,EUR,Demo,Open,,,Bob Ray,2,2024-06-01,Sam\n"
    ),
    "dynamics_contacts.csv": (
        "(Do Not Modify) Contact,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Full Name,Email,"
        "Company Name,"
        "Business Phone,Status\n"
        "7b1f3c2e-0001-4000-8000-000000000001,aa==,2024-01-31 10:00,Ann Lee,ann@x.example,Delta,"
        "+1 604 555 0163,Active\n"
        "7b1f3c2e-0002-4000-8000-000000000002,bb==,2024-01-31 10:00,Bob Ray,bob@x.example,Echo,,Active\n"
    ),
    "dynamics_accounts.csv": (
        "(Do Not Modify) Account,(Do Not Modify) Row Checksum,(Do Not Modify) Modified On,Account Name,Main Phone,"
        "Address 1: City,Primary Contact,Email (Primary Contact),Status\n"
        "7b1f3c2e-0011-4000-8000-000000000001,aa==,2024-01-31 10:00,Delta,+49 731 5550100,Ulm,Ann Lee,"
        "ann@x.example,Active\n"
        "7b1f3c2e-0012-4000-8000-000000000002,bb==,2024-01-31 10:00,Echo,,Bern,,,Active\n"
    ),
    "zendesk_users.csv": (
        "id,name,email,created_at,role,organization_id,phone,time_zone,last_login_at,tags,notes\n"
        "901,Ann Lee,ann@x.example,2024-01-31T10:00:00Z,end-user,,+16045550163,Berlin,,vip early,\n"
        "902,Bob Ray,bob@x.example,2024-02-01T10:00:00Z,end-user,,,Berlin,,,\n"
    ),
    "Connections.csv": (
        'Notes:\n"When exporting your connection data, you may notice that some addresses are missing."\n\n'
        "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
        "Ann,Lee,https://www.linkedin.com/in/ann,,Delta,Buyer,08 Mar 2024\n"
        "Bob,Ray,https://www.linkedin.com/in/bob,bob@x.example,Echo,Chief,15 Jan 2023\n"
    ),
    "paypal.csv": (
        '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","From Email Address",'
        '"To Email Address","Transaction ID"\n'
        '"01/31/2024","10:00:00","PST","Ann Lee","Website Payment","Completed","USD","1,200.50","-35.00","1,165.50",'
        '"ann@x.example","shop@x.example","T1A"\n'
        '"02/13/2024","11:00:00","PST","Bob Ray","Website Payment","Completed","USD","20.00","-1.00","19.00",'
        '"bob@x.example","shop@x.example","T2B"\n'
    ),
    "woocommerce_customers.csv": (
        "customer_id,user_login,user_email,first_name,last_name,display_name,role,user_registered,billing_first_name,"
        "billing_last_name,billing_company,billing_email,billing_phone,billing_address_1,billing_city,"
        "billing_postcode,"
        "billing_country\n"
        "1,ann,ann@x.example,Ann,Lee,Ann Lee,customer,2024-01-31 10:00:00,Ann,Lee,,ann@x.example,"
        "+16045550163,1 High St,"
        "Ottawa,K1A,CA\n"
        "2,bob,bob@x.example,Bob,Ray,Bob Ray,customer,2024-02-01 10:00:00,Bob,Ray,,bob@x.example,,,Ulm,89073,DE\n"
    ),
    "magento_customers.csv": (
        "ID,Name,Email,Group,Phone,ZIP,Country,State/Province,Customer Since,Web Site,Date of Birth,Gender\n"
        '1,Ann Lee,ann@x.example,General,+16045550163,K1A,Canada,Ontario,"Jan 31, 2024 10:00:00 AM",Main,,\n'
        '2,Bob Ray,bob@x.example,General,,89073,Germany,,"Feb 1, 2024 11:00:00 PM",Main,,\n'
    ),
    "suitecrm_accounts.csv": (
        '"Name","ID","Website","Office Phone","Billing Street","Billing City","Billing Country","Industry",'
        '"Date Created",'
        '"Assigned To"\n'
        '"Delta","0a1","https://delta.example","+49 731 5550100","Gasse 1","Ulm","Germany","Retail",'
        '"2024-01-31 10:00:00","sam"\n'
        '"Echo","0a2","https://echo.example","","","Bern","Switzerland","","2024-02-01 10:00:00","sam"\n'
    ),
    "freshsales.csv": (
        "Id,First name,Last name,Emails,Work,Mobile,Job title,Accounts,City,Country,Created at,Sales owner\n"
        "1,Ann,Lee,ann@x.example,+16045550163,,Buyer,Delta,Ottawa,Canada,2024-01-31T10:00:00Z,Sam\n"
        "2,Bob,Ray,bob@x.example,,+491722345678,Chief,Echo,Ulm,Germany,2024-02-01T10:00:00Z,Sam\n"
    ),
    "activecampaign.csv": (
        "Email,First Name,Last Name,Phone,Organization,Tags,Date Created,IP Address,Lists\n"
        'ann@x.example,Ann,Lee,+16045550163,Delta,"vip,early",2024-01-31 10:00:00,192.0.2.1,News\n'
        "bob@x.example,Bob,Ray,,,,2024-02-01 10:00:00,192.0.2.2,News\n"
    ),
    "brevo.csv": (
        "CONTACT ID;EMAIL;LASTNAME;FIRSTNAME;SMS;WHATSAPP;ADDED_TIME;MODIFIED_TIME;BLACKLISTED\n"
        "1;ann@x.example;Lee;Ann;16045550163;;31-01-2024 10:00:00;31-01-2024 10:00:00;no\n"
        "2;bob@x.example;Ray;Bob;;;01-02-2024 10:00:00;01-02-2024 10:00:00;no\n"
    ),
    "klaviyo.csv": (
        "Email,Klaviyo ID,First Name,Last Name,Organization,Title,Phone Number,Address,City,State / Region,"
        "Country,Zip Code,"
        "Source,First Active,Profile Created On,Email Marketing Consent\n"
        "ann@x.example,01HA,Ann,Lee,,,+16045550163,,Ottawa,,Canada,,,2024-01-31 10:00:00,2024-01-31 10:00:00,"
        "SUBSCRIBED\n"
        "bob@x.example,01HB,Bob,Ray,,,,,Ulm,,Germany,,,2024-02-01 10:00:00,2024-02-01 10:00:00,NEVER_SUBSCRIBED\n"
    ),
    "constant_contact.csv": (
        "Email address,First name,Last name,Company,Job title,Phone - home,Street address line 1 - Home,City - Home,"
        "Email status,Created At\n"
        "ann@x.example,Ann,Lee,Delta,Buyer,+16045550163,1 High St,Ottawa,Active,2024-01-31 10:00:00\n"
        "bob@x.example,Bob,Ray,,,,,,Active,2024-02-01 10:00:00\n"
    ),
    "企业微信客户.csv": (
        "客户名称,描述,添加人,添加人账号,添加时间,来源,手机,企业,邮箱,地址,职务,电话\n"
        "李娜,老客户,张伟,zhangwei,2024-01-31 10:00:00,扫描二维码,13800138000,三角洲科技有限公司,"
        "lina@x.example,上海市,经理,\n"
        "王芳,,张伟,zhangwei,2024-02-01 11:00:00,搜索手机号,13900139000,,,,,\n"
    ),
    "有赞订单.csv": (
        "订单号,订单状态,下单时间,买家付款时间,买家昵称,收货人/提货人,收货人手机号/提货人手机号,收货人省份,"
        "收货人城市,商品名称,商品数量,订单实付金额\n"
        "E2024013110000001,交易完成,2024-01-31 10:00:00,2024-01-31 10:01:00,小李,李娜,13800138000,上海,"
        "上海市,茶,2,20.00\n"
        "E2024013110000002,交易完成,2024-02-01 10:00:00,2024-02-01 10:01:00,小王,王芳,13900139000,北京,"
        "北京市,杯,1,10.00\n"
    ),
    "用友客户档案.csv": (
        "客户编码,客户名称,客户简称,所属分类,税号,法人,地址,联系人,电话,手机,Email,发展日期\n"
        "C001,三角洲科技有限公司,三角洲,批发,91310000X,李娜,上海市1号,王芳,021-55501234,13800138000,"
        "a@x.example,2024-01-31\n"
        "C002,回声贸易有限公司,回声,零售,91310000Y,王强,北京市2号,张伟,010-55501234,13900139000,b@x.example,"
        "2024-02-01\n"
    ),
    "olist_customers_dataset.csv": (
        '"customer_id","customer_unique_id","customer_zip_code_prefix","customer_city","customer_state"\n'
        '"06b8999e2fba1a1fbc88172c00ba8bc7","861eff4711a542e4b93843c6dd7febb0","14409","franca","SP"\n'
        '"18955e83d337fd6b2def6b18a428ac77","861eff4711a542e4b93843c6dd7febb0","09790","sao bernardo do campo","SP"\n'
    ),
    "olist_orders_dataset.csv": (
        '"order_id","customer_id","order_status","order_purchase_timestamp","order_approved_at"\n'
        '"e481f51cbdc54678b7cc49136f2d6af7","06b8999e2fba1a1fbc88172c00ba8bc7","delivered","2017-10-02 10:56:33",""\n'
        '"53cdb2fc8bc7dce0b6741e2150273451","18955e83d337fd6b2def6b18a428ac77","canceled","2018-07-24 20:41:37",""\n'
    ),
    "superstore.csv": (
        "Row ID,Order ID,Order Date,Ship Date,Ship Mode,Customer ID,Customer Name,Segment,Country,City,State,"
        "Postal Code,"
        "Region,Product ID,Category,Sub-Category,Product Name,Sales,Quantity,Discount,Profit\n"
        "1,CA-1,11/8/2016,11/11/2016,Second,CG-1,Claire Gün,Consumer,United States,Henderson,Kentucky,42420,South,"
        'P-1,Furniture,Bookcases,"Shelf, 2 m",261.96,2,0,41.9136\n'
        "2,CA-1,11/8/2016,11/11/2016,Second,CG-1,Claire Gün,Consumer,United States,Henderson,Kentucky,42420,South,"
        "P-2,Furniture,Chairs,Chair,731.94,3,0.1,219.582\n"
        "3,CA-2,6/12/2016,6/16/2016,Second,DV-1,Dan Vu,Corporate,United States,Los Angeles,California,90036,West,"
        "P-1,Office,Labels,Label,14.62,2,0.2,6.8714\n"
        "4,CA-3,12/25/2016,6/16/2016,Second,DV-1,Dan Vu,Corporate,United States,Los Angeles,California,90036,West,"
        "P-3,Office,Labels,Label,14.62,2,0,6.8714\n"
    ).encode("cp1252"),
    "adventureworks_person.csv": (
        "1\t0\tAnn\tLee\tann@x.example\t2009-01-07 00:00:00\n2\t0\tBob\tRay\tbob@x.example\t2008-01-24 00:00:00\n"
    ).encode("utf-16"),
    "chinook_customer.csv": (
        "CustomerId,FirstName,LastName,Company,Address,City,State,Country,PostalCode,Phone,Fax,Email,SupportRepId\n"
        "1,Luís,Gonçalves,Embraer,Av. 2170,São José,SP,Brazil,12227,+55 (12) 3923-5555,,luis@x.example,3\n"
        "2,Leonie,Köhler,,Str. 34,Stuttgart,,Germany,70174,+49 0711 2842222,,leonie@x.example,5\n"
    ),
    "bank.csv": (
        '"age";"job";"marital";"education";"default";"balance";"housing";"loan";"contact";"day";"month";"y"\n'
        '58;"management";"married";"tertiary";"no";2143;"yes";"no";"unknown";5;"may";"no"\n'
        '44;"technician";"single";"secondary";"no";29;"yes";"no";"unknown";5;"may";"no"\n'
        '44;"technician";"single";"secondary";"no";29;"yes";"no";"unknown";5;"may";"no"\n'
    ),
    "adult.data": (
        "39, State-gov, 77516, Bachelors, 13, Male, <=50K\n"
        "50, Self-emp-not-inc, 83311, Bachelors, 13, Male, <=50K\n"
        "38, Private, 215646, HS-grad, 9, Male, <=50K\n\n"
    ),
    "decimal_commas.csv": (
        "Kundennummer;Vorname;Nachname;E-Mail;Telefon;PLZ;Ort;Umsatz;Geburtsdatum\n"
        "1;Änne;Groß;aenne@x.example;0731 5550100;89073;Ulm;1.200,50;31.12.1980\n"
        "2;Jörg;Süß;joerg@x.example;0731 5550101;89073;Ulm;7,00;01.02.1975\n"
    ).encode("cp1252"),
    "nulls.csv": (
        "id,name,email,phone,birthday\n1,Ann,NULL,\\N,N/A\n2,Bob,bob@x.example,+16045550163,1980-12-31\n3,Cy,-,NULL,\n"
    ),
    "pandas_index.csv": ",name,email\n0,Ann,ann@x.example\n1,Bob,bob@x.example\n",
    "contacts.json": (
        '{"contacts": [{"id": 1, "name": "Ann", "email": "ann@x.example", "address": {"city": "Ulm",'
        ' "country": "DE"}},\n'
        '{"id": 2, "name": "Bob", "email": "bob@x.example", "address": {"city": "Bern", "country": "CH"}}]}'
    ),
}
"""Content by name; the names say whose export it is."""
