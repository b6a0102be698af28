def extend(template, context):
    context.merge("Data", {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": f"beta-{context.environment.name}", "BillingMode": "PAY_PER_REQUEST", "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}})
