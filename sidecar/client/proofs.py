"""Methods about proofs: factors are set up, and people are asked for them."""

from collections.abc import Mapping

from sidecar.api import backup_codes, challenges, enrollments
from sidecar.client.calls import Calls
from sidecar.client.desk import Ask


class Proving(Calls):
    """What proves who a person is, and asking for it."""

    async def begin_challenge(
        self,
        user_id: str,
        *,
        account: str | None = None,
        language: str | None = None,
        factor: str | None = None,
        authenticator_id: str | None = None,
        action: str | None = None,
    ) -> challenges.OpenChallenge:
        body = {
            "user_id": user_id,
            "account": account,
            "language": language,
            "factor": factor,
            "authenticator_id": authenticator_id,
            "action": action,
        }
        return await self.call(Ask(challenges.BEGIN, body=body), challenges.OpenChallenge)

    async def resend_challenge(
        self, user_id: str, *, challenge_id: str
    ) -> challenges.OpenChallenge:
        body = {"user_id": user_id, "challenge_id": challenge_id}
        return await self.call(Ask(challenges.RESEND, body=body), challenges.OpenChallenge)

    async def verify_challenge(
        self,
        user_id: str,
        *,
        challenge_id: str,
        account: str | None = None,
        language: str | None = None,
        code: str | None = None,
        response: Mapping[str, str] | None = None,
    ) -> challenges.Result:
        body = {
            "user_id": user_id,
            "account": account,
            "language": language,
            "code": code,
            "response": response,
            "challenge_id": challenge_id,
        }
        return await self.call(Ask(challenges.VERIFY, body=body), challenges.Result)

    async def setup_totp(
        self, user_id: str, *, account: str | None = None, language: str | None = None
    ) -> enrollments.OpenApp:
        body = {"user_id": user_id, "account": account, "language": language}
        return await self.call(Ask(enrollments.SETUP, body=body), enrollments.OpenApp)

    async def verify_totp(
        self,
        user_id: str,
        *,
        enrollment_id: str,
        code: str,
        account: str | None = None,
        language: str | None = None,
        name: str | None = None,
    ) -> enrollments.AppEnabled:
        body = {
            "user_id": user_id,
            "account": account,
            "language": language,
            "enrollment_id": enrollment_id,
            "code": code,
            "name": name,
        }
        return await self.call(Ask(enrollments.VERIFY, body=body), enrollments.AppEnabled)

    async def begin_enrollment(
        self,
        user_id: str,
        *,
        factor: str,
        account: str | None = None,
        language: str | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> enrollments.OpenEnrollment:
        body = {
            "user_id": user_id,
            "account": account,
            "language": language,
            "factor": factor,
            "fields": fields,
        }
        return await self.call(Ask(enrollments.BEGIN, body=body), enrollments.OpenEnrollment)

    async def finish_enrollment(
        self,
        enrollment_id: str,
        user_id: str,
        *,
        account: str | None = None,
        language: str | None = None,
        code: str | None = None,
        response: Mapping[str, str] | None = None,
        name: str | None = None,
    ) -> enrollments.Progress:
        body = {
            "user_id": user_id,
            "account": account,
            "language": language,
            "code": code,
            "response": response,
            "name": name,
        }
        ask = Ask(enrollments.FINISH, {"enrollment_id": enrollment_id}, body=body)
        return await self.call(ask, enrollments.Progress)

    async def resend_enrollment(
        self, enrollment_id: str, user_id: str
    ) -> enrollments.OpenEnrollment:
        ask = Ask(enrollments.RESEND, {"enrollment_id": enrollment_id}, body={"user_id": user_id})
        return await self.call(ask, enrollments.OpenEnrollment)

    async def generate_backup_codes(
        self, user_id: str, *, account: str | None = None, language: str | None = None
    ) -> backup_codes.Codes:
        body = {"user_id": user_id, "account": account, "language": language}
        return await self.call(Ask(backup_codes.GENERATE, body=body), backup_codes.Codes)

    async def read_backup_codes(self, user_id: str) -> backup_codes.CodesLeft:
        return await self.call(Ask(backup_codes.READ, {"user_id": user_id}), backup_codes.CodesLeft)
